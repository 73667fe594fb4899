import type { ApiClient } from "../api-client.ts";
import { ApiError } from "../api-client.ts";
import { archiveFolder } from "../archive.ts";
import { CliError } from "../cli-error.ts";
import { followReleases, releaseKey } from "../follow-release.ts";
import { awayMs, patiently } from "../patience.ts";
import { Progress } from "../progress.ts";
import { count } from "../output.ts";
import { hasEnded } from "../release-object.ts";
import { newestReleases } from "../under-way.ts";
import { withClient } from "../with-client.ts";
import { sayWarnings, type Written } from "./apply.ts";

export interface DeployOptions {
  image?: string;
  from?: string;
  /** Default: it waits. */
  wait?: boolean;
  /** Ms; absent: as long as it takes. */
  timeout?: number;
  why?: string;
}

export async function deploy(app: string, { image, from, wait = true, timeout, why }: DeployOptions): Promise<void> {
  if (image !== undefined && from !== undefined)
    throw new CliError(
      "usage",
      "--image and --from can't be given together",
      "An app is released either from an image or from a folder.",
    );
  await withClient(async (client) => {
    // Both may be done again: the archive has a digest, the release a key.
    const away = { forMs: awayMs, stopped: () => false };
    const key = crypto.randomUUID();
    const artifact =
      from === undefined ? undefined : await patiently(() => upload(client, app, from, new Progress()), away);
    const { releases, warnings } = await patiently(() => release(client, app, { image, artifact, why, key }), away);
    sayWarnings(warnings);
    const name = releases[0] ?? (await onItsWay(client, app));
    if (name === undefined) console.log(`${app} runs this already; nothing was released`);
    else if (wait)
      await followReleases(client, [releaseKey(name)], timeout === undefined ? {} : { timeoutMs: timeout });
    else console.log(name);
  });
}

/** Nothing new was released: because a release under way brings it already, or because it runs. */
async function onItsWay(client: ApiClient, app: string): Promise<string | undefined> {
  const found = (await newestReleases(client, app, 20)).find(({ status }) => !hasEnded(status?.phase));
  if (found !== undefined) process.stderr.write(`${found.metadata.name}, which is under way, brings this already\n`);
  return found?.metadata.name;
}

/** Uploads a folder as an archive, unless the server has it already. Returns its digest. */
export async function upload(client: ApiClient, app: string, folder: string, progress?: Progress): Promise<string> {
  const archive = await archiveFolder(folder);
  const path = `/api/v1/artifacts/${archive.digest}`;
  try {
    await client.call("HEAD", path);
    return archive.digest;
  } catch (error) {
    if (!(error instanceof ApiError) || error.problem.status !== 404) throw error;
  }
  progress?.update(`uploading ${count(archive.files, "file")}, ${(archive.bytes.length / 1024).toFixed(0)} KiB`);
  await client.call("POST", "/api/v1/artifacts", {
    body: archive.bytes,
    query: { app, digest: archive.digest },
    headers: { "content-type": "application/x-tar" },
  });
  progress?.done(`uploaded ${archive.digest.slice(0, 19)}`);
  return archive.digest;
}

/** Asks for a release. Requests with the same key (an answer was lost) make one release only. */
export async function release(
  client: ApiClient,
  app: string,
  {
    image,
    artifact,
    why,
    key = crypto.randomUUID(),
  }: { image?: string | undefined; artifact?: string | undefined; why?: string | undefined; key?: string },
): Promise<Written> {
  const { body } = await client.call<Written>("POST", `/api/v1/apps/${encodeURIComponent(app)}/deploys`, {
    body: { ...(image === undefined ? {} : { image }), ...(artifact === undefined ? {} : { artifact }) },
    query: { why },
    headers: { "idempotency-key": key },
  });
  return body;
}
