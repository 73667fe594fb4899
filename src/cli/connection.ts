import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CliError } from "./cli-error.ts";

/** How a command reaches the server. */
export interface Connection {
  server: string;
  token: string;
}

/**
 * `QUIPU_SERVER` and `QUIPU_TOKEN`, else `client.json` in the home folder, which `quipu up` and `quipu login` write.
 */
export function connection(home: string, environment: NodeJS.ProcessEnv = process.env): Connection {
  const { QUIPU_SERVER: server, QUIPU_TOKEN: token } = environment;
  if (server !== undefined && token !== undefined) return { server: server.replace(/\/$/, ""), token };
  const path = join(home, "client.json");
  let found: Partial<Connection>;
  try {
    found = JSON.parse(readFileSync(path, "utf8")) as Partial<Connection>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      throw new CliError(
        "no-server",
        `no fleet is known here: ${path} doesn't exist`,
        'Start one with "npm start" (or "quipu up"), or set QUIPU_SERVER and QUIPU_TOKEN.',
      );
    }
    throw new CliError(
      "no-server",
      `${path} can't be read: ${(error as Error).message}`,
      'Write it anew with "quipu up".',
    );
  }
  if (typeof found.server !== "string" || typeof found.token !== "string")
    throw new CliError("no-server", `${path} lacks "server" or "token"`, 'Write it anew with "quipu up".');
  return { server: server ?? found.server, token: token ?? found.token };
}
