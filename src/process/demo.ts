import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { ApiClient } from "../cli/api-client.ts";
import { inOrder, put } from "../cli/commands/apply.ts";
import { release, upload } from "../cli/commands/deploy.ts";
import { readDocuments } from "../cli/files.ts";
import { hasEnded, type ReleaseObject } from "../cli/release-object.ts";
import { Progress } from "../cli/progress.ts";
import { checkout } from "./home.ts";
import { awayMs, patiently } from "../cli/patience.ts";

const folder = join(checkout, "examples/superapp");

/**
 * The sample super-app, declared and deployed through the API as any user would. What is there already stays as it
 * is: a second start never undoes what somebody tried in between.
 */
export async function demo(client: ApiClient, stopped: () => boolean): Promise<void> {
  const progress = new Progress();
  const away = { forMs: awayMs, stopped };
  const present = new Set(
    (await patiently(() => all<{ metadata: { name: string } }>(client, "/api/v1/apps"), away)).map(
      ({ metadata }) => metadata.name,
    ),
  );
  const documents = inOrder(readDocuments([join(folder, "fleet"), join(folder, "apps")]));
  const apps = readdirSync(join(folder, "services")).sort();
  if (!apps.every((app) => present.has(app))) {
    progress.update("declaring teams, segments and apps");
    for (const document of documents)
      if (!present.has(document.name) || document.kind !== "App") await patiently(() => put(client, document), away);
  }
  // What failed before this start is somebody's try, and what ran before it runs again.
  const old = new Set(
    (await patiently(() => failedOf(client, [...present]), away)).map(({ metadata }) => metadata.name),
  );
  progress.update(`deploying ${apps.length} apps`);
  await Promise.all(
    apps.map(async (app) => {
      if (await patiently(() => isDeployed(client, app), away)) return;
      const artifact = await patiently(() => upload(client, app, join(folder, "services", app)), away);
      // One key for all tries: an answer that was lost makes no second release.
      const key = crypto.randomUUID();
      await patiently(() => release(client, app, { artifact, key }), away);
    }),
  );
  await allRunning(client, apps, old, progress, stopped);
}

interface AppItem {
  metadata: { name: string };
  status: { phase: string; pods: { ready: number; total: number }; conditions: { message?: string }[] };
}

async function all<T>(client: ApiClient, path: string): Promise<T[]> {
  const items: T[] = [];
  for await (const item of client.list<T>(path)) items.push(item);
  return items;
}

/** False for an app that is only declared: never deployed, or withdrawn and declared anew. */
async function isDeployed(client: ApiClient, app: string): Promise<boolean> {
  return (await client.get<{ phase: string }>(`/api/v1/apps/${app}/status`)).phase !== "declared";
}

/** Waits until every app's newest release has ended and its pods are ready again. */
async function allRunning(
  client: ApiClient,
  apps: readonly string[],
  old: ReadonlySet<string>,
  progress: Progress,
  stopped: () => boolean,
): Promise<void> {
  const deadline = Date.now() + 300_000;
  for (;;) {
    if (stopped()) return;
    const away = { forMs: awayMs, stopped };
    const items = (await patiently(() => all<AppItem>(client, "/api/v1/apps"), away)).filter(({ metadata }) =>
      apps.includes(metadata.name),
    );
    const unfinished = await patiently(() => underWay(client), away);
    const waiting = items.filter(({ metadata, status }) => status.phase !== "running" || unfinished.has(metadata.name));
    const pods = items.reduce((sum, { status }) => sum + status.pods.ready, 0);
    if (waiting.length === 0) {
      progress.done(`${items.length} apps run: ${pods} pods`);
      return;
    }
    const names = waiting.map(({ metadata }) => metadata.name);
    const failed = (await patiently(() => failedOf(client, names), away)).filter(
      ({ metadata }) => !old.has(metadata.name),
    );
    if (failed.length > 0 || Date.now() > deadline) {
      progress.done(failed.length > 0 ? `${failed.length} releases failed` : "some apps aren't running yet", false);
      const reasons = failed.map(({ metadata, status }) => `${metadata.name}: ${status?.reason ?? "failed"}`);
      throw new Error(
        (reasons.length > 0
          ? reasons
          : waiting.map(({ metadata, status }) => `${metadata.name}: ${status.conditions[0]?.message ?? status.phase}`)
        ).join("\n  "),
      );
    }
    progress.update(`${items.length - waiting.length} of ${items.length} apps run; waiting for ${names.join(", ")}`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** Apps whose release still goes on: pods may be ready while routes aren't yet. The newest writes come first, so one page holds them. */
async function underWay(client: ApiClient): Promise<Set<string>> {
  const { items } = await client.get<{ items: ReleaseObject[] }>("/api/v1/releases", { sort: "-updated", limit: 100 });
  return new Set(items.filter(({ status }) => !hasEnded(status?.phase)).map(({ spec }) => spec.app));
}

async function failedOf(client: ApiClient, apps: readonly string[]): Promise<ReleaseObject[]> {
  const newest = await Promise.all(
    apps.map(
      async (app) =>
        (await client.get<{ items: ReleaseObject[] }>("/api/v1/releases", { app, limit: 1, sort: "-updated" }))
          .items[0],
    ),
  );
  return newest.filter((found): found is ReleaseObject => found?.status?.phase === "failed");
}
