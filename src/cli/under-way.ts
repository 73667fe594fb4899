import type { ApiClient } from "./api-client.ts";
import { CliError } from "./cli-error.ts";
import { readRelease } from "./follow-release.ts";
import { hasEnded, type ReleaseObject } from "./release-object.ts";
import type { ReleaseView, SteerKind } from "./release-view.ts";

/** An app's releases, newest first, `limit` of them. */
export async function newestReleases(
  client: Pick<ApiClient, "get">,
  app: string,
  limit: number,
): Promise<ReleaseObject[]> {
  const { items } = await client.get<{ items: ReleaseObject[] }>("/api/v1/releases", { app, sort: "-updated", limit });
  return items.toSorted((a, b) => b.spec.number - a.spec.number);
}

/**
 * The release that a command means when it names none: the newest under way that can be told so, else the newest under
 * way, whose refusal says why not. Throws CliError `conflict` when none is.
 */
export async function underWay(client: Pick<ApiClient, "get">, app: string, kind: SteerKind): Promise<ReleaseView> {
  const newest = await newestReleases(client, app, 20);
  const open = newest.filter(({ status }) => !hasEnded(status?.phase));
  const views = await Promise.all(open.map(({ spec: { number } }) => readRelease(client, { app, number })));
  const found = views.find(({ commands }) => commands[kind] === null) ?? views[0];
  if (found !== undefined) return found;
  const [last] = newest;
  if (last === undefined) await client.get(`/api/v1/apps/${encodeURIComponent(app)}`); // says that there is no such app
  throw new CliError(
    "conflict",
    `${app} has no release under way${last === undefined ? "" : `: ${last.metadata.name}, the newest, ${last.status?.phase ?? ""}`}`,
    last?.status?.phase === "finished"
      ? `Back to the one before: quipu undo ${app}   All of them: quipu history ${app}`
      : last === undefined
        ? `A first one: quipu deploy ${app} --image IMAGE, or --from DIR`
        : `Try it again: quipu retry ${app}   All of them: quipu history ${app}`,
  );
}
