import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { ApiClient } from "./api-client.ts";
import { connection } from "./connection.ts";

/** Runs `work` with a client for the fleet of this home and closes it afterwards. */
export async function withClient<T>(work: (client: ApiClient) => Promise<T>): Promise<T> {
  const client = new ApiClient(connection(cliHome()));
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

/** `QUIPU_HOME`, else `.quipu/` of the checkout, else of the user's home folder where quipu isn't run from a checkout. */
export function cliHome(): string {
  if (process.env.QUIPU_HOME !== undefined) return resolve(process.env.QUIPU_HOME);
  const checkout = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
  return checkout.includes("node_modules") ? join(homedir(), ".quipu") : join(checkout, ".quipu");
}
