import { followReleases, releaseKey } from "../follow-release.ts";
import { withClient } from "../with-client.ts";
import { sayWarnings, type Written } from "./apply.ts";

export interface AgainOptions {
  why?: string;
  wait?: boolean;
  dryRun?: boolean;
  timeout?: number;
}
export interface UndoOptions extends AgainOptions {
  only?: string[];
  to?: number;
}

/** Parts of an earlier release come back, as a new release. */
export async function undo(app: string, { only, to, ...options }: UndoOptions): Promise<void> {
  await anew(app, "undo", { ...(only !== undefined && { only }), ...(to !== undefined && { to }) }, options);
}

/** What was taken back is tried once more. */
export async function retry(app: string, options: AgainOptions): Promise<void> {
  await anew(app, "retry", undefined, options);
}

async function anew(
  app: string,
  verb: "undo" | "retry",
  body: object | undefined,
  { why, wait = true, dryRun, timeout }: AgainOptions,
): Promise<void> {
  await withClient(async (client) => {
    const { body: written } = await client.call<Written>("POST", `/api/v1/apps/${encodeURIComponent(app)}/${verb}`, {
      ...(body !== undefined && { body }),
      query: { why, dryRun: dryRun === true ? true : undefined },
    });
    sayWarnings(written.warnings);
    const [name] = written.releases;
    if (name === undefined) console.log(`${app} has everything that it declares in force; there is nothing to ${verb}`);
    else if (dryRun === true) console.log(`would be ${name} (dry run)`);
    else if (wait)
      await followReleases(client, [releaseKey(name)], timeout === undefined ? {} : { timeoutMs: timeout });
    else console.log(name);
  });
}
