import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ApiClient } from "../api-client.ts";
import { CliError } from "../cli-error.ts";
import { cliHome, withClient } from "../with-client.ts";

export interface LoginOptions {
  link?: boolean;
  server?: string;
  tokenFile?: string;
}

interface Who {
  name: string;
  grants: { role: string }[];
}

/** Keeps how to reach a server for later commands, after trying it; or prints a link that signs a browser in. */
export async function login({ link, server, tokenFile }: LoginOptions): Promise<void> {
  if (link === true) {
    const { url } = await withClient(
      async (client) => (await client.call<{ url: string }>("POST", "/api/v1/session/links", { body: {} })).body,
    );
    console.log(url);
    return;
  }
  if (server === undefined || tokenFile === undefined) {
    const who = await withClient((client) => client.get<Who>("/api/v1/whoami"));
    console.log(`signed in as ${who.name} (${who.grants.map(({ role }) => role).join(", ")})`);
    return;
  }
  let token: string;
  try {
    token = readFileSync(tokenFile === "-" ? 0 : tokenFile, "utf8").trim();
  } catch (error) {
    throw new CliError("usage", `--token-file ${tokenFile} can't be read: ${(error as Error).message}`);
  }
  const client = new ApiClient({ server, token });
  try {
    const who = await client.get<Who>("/api/v1/whoami");
    keep({ server, token });
    console.log(`signed in to ${server} as ${who.name}`);
  } finally {
    await client.close();
  }
}

function keep(connection: { server: string; token: string }): void {
  const home = cliHome();
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const path = join(home, "client.json");
  writeFileSync(`${path}.new`, `${JSON.stringify(connection, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
