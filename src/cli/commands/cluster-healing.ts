import type { HealingSpec } from "../../model/healing.ts";
import type { ApiClient, ProblemDocument } from "../api-client.ts";
import { CliError } from "../cli-error.ts";
import { withoutPause, withPause } from "../healing-pauses.ts";
import { marks, paint } from "../output.ts";
import { describe } from "../report-error.ts";
import { withClient } from "../with-client.ts";

type Pauses = NonNullable<HealingSpec["paused"]>;
interface ClusterDocument {
  spec: { healing?: HealingSpec } & Record<string, unknown>;
  status?: { drifting?: number };
}

/** A night, and the days until somebody is back: what takes longer isn't a pause. */
const longestMs = 168 * 3_600_000;

export async function pauseHealing(
  name: string,
  { for: ms, app: apps, why }: { for: number; app?: string[]; why?: string },
): Promise<void> {
  if (ms > longestMs)
    throw new CliError("usage", "--for: a pause is at most 168h", "What shall stay, declare: in the App's overlay.");
  // To the second: people read it.
  const until = new Date(Math.ceil((Date.now() + ms) / 1000) * 1000).toISOString().replace(".000Z", "Z");
  const pause = { until, ...(apps !== undefined && { apps }), ...(why !== undefined && { why }) };
  await withClient(async (client) => {
    await edit(client, name, why, (pauses) => withPause(pauses, pause, Date.now()));
    const what = apps === undefined ? "" : ` of ${apps.join(", ")}`;
    console.log(
      `${name}: healing${what} is paused until ${until}. What is changed by hand is shown, and left as it is.`,
    );
    console.log(`quipu cluster resume-healing ${name} puts it right at once; quipu describe cluster ${name} shows it.`);
  });
}

export async function resumeHealing(name: string, { app: apps, why }: { app?: string[]; why?: string }): Promise<void> {
  await withClient(async (client) => {
    const { status } = await edit(client, name, why, (pauses) => withoutPause(pauses, apps, Date.now()));
    const { drifting = 0 } = status ?? {};
    const waited =
      drifting === 0
        ? ""
        : ` ${drifting === 1 ? "One object that was" : `${drifting} objects that were`} changed by hand waited for it.`;
    console.log(`${name}: healing${apps === undefined ? "" : ` of ${apps.join(", ")}`} goes on.${waited}`);
  });
}

/** The document as it stands, with other pauses: refused when somebody has written it meanwhile. */
async function edit(
  client: ApiClient,
  name: string,
  why: string | undefined,
  change: (pauses: Pauses) => Pauses,
): Promise<ClusterDocument> {
  const path = `/api/v1/clusters/${encodeURIComponent(name)}`;
  const { status, ...declared } = await client.get<ClusterDocument>(path);
  const { healing, ...spec } = declared.spec;
  const paused = change(healing?.paused ?? []);
  const { body } = await client.call<{ warnings: ProblemDocument[] }>("PUT", path, {
    body: { ...declared, spec: { ...spec, ...(paused.length > 0 && { healing: { paused } }) } },
    query: { why },
  });
  for (const warning of body.warnings)
    if (warning.code === "pause-without-effect")
      console.error(`${paint("yellow", marks.wait, process.stderr)} ${describe(warning)}`);
  return { ...declared, ...(status !== undefined && { status }) };
}
