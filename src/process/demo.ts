import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { ApiClient } from "../cli/api-client.ts";
import { inOrder, put } from "../cli/commands/apply.ts";
import { release, upload } from "../cli/commands/deploy.ts";
import { readDocuments } from "../cli/files.ts";
import { hasEnded, type ReleaseView } from "../cli/follow-release.ts";
import { Progress } from "../cli/progress.ts";
import { checkout } from "./home.ts";

const folder = join(checkout, "examples/superapp");

/**
 * The sample super-app, declared and deployed through the API as any user would. What is there already stays as it
 * is: a second start never undoes what somebody tried in between.
 */
export async function demo(client: ApiClient, stopped: () => boolean): Promise<void> {
  const progress = new Progress();
  const present = new Set<string>();
  for await (const app of client.list<{ metadata: { name: string } }>("/api/v1/apps")) present.add(app.metadata.name);
  const documents = inOrder(readDocuments([join(folder, "fleet"), join(folder, "apps")]));
  const apps = readdirSync(join(folder, "services")).sort();
  if (!apps.every((app) => present.has(app))) {
    progress.update("declaring teams, segments and apps");
    for (const document of documents)
      if (!present.has(document.name) || document.kind !== "App") await put(client, document);
  }
  progress.update(`deploying ${apps.length} apps`);
  await Promise.all(
    apps.map(async (app) => {
      if (await isDeployed(client, app)) return;
      const artifact = await upload(client, app, join(folder, "services", app));
      await release(client, app, { artifact });
    }),
  );
  await allRunning(client, apps, progress, stopped);
}

/** False for an app that is only declared: never deployed, or withdrawn and declared anew. */
async function isDeployed(client: ApiClient, app: string): Promise<boolean> {
  return (await client.get<{ phase: string }>(`/api/v1/apps/${app}/status`)).phase !== "declared";
}

/** Waits until every app's newest release has ended and its pods are ready again. */
async function allRunning(
  client: ApiClient,
  apps: readonly string[],
  progress: Progress,
  stopped: () => boolean,
): Promise<void> {
  const deadline = Date.now() + 300_000;
  for (;;) {
    if (stopped()) return;
    const items: {
      metadata: { name: string };
      status: { phase: string; pods: { ready: number; total: number }; conditions: { message?: string }[] };
    }[] = [];
    for await (const item of client.list<(typeof items)[number]>("/api/v1/apps"))
      if (apps.includes(item.metadata.name)) items.push(item);
    const unfinished = await underWay(client);
    const waiting = items.filter(({ metadata, status }) => status.phase !== "running" || unfinished.has(metadata.name));
    const pods = items.reduce((sum, { status }) => sum + status.pods.ready, 0);
    if (waiting.length === 0) {
      progress.done(`${items.length} apps run: ${pods} pods`);
      return;
    }
    const failed = await failedOf(
      client,
      waiting.map(({ metadata }) => metadata.name),
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
    progress.update(
      `${items.length - waiting.length} of ${items.length} apps run; waiting for ${waiting.map(({ metadata }) => metadata.name).join(", ")}`,
    );
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** Apps whose release still goes on: pods may be ready while routes aren't yet. The newest writes come first, so one page holds them. */
async function underWay(client: ApiClient): Promise<Set<string>> {
  const { items } = await client.get<{ items: ReleaseView[] }>("/api/v1/releases", { sort: "-updated", limit: 100 });
  return new Set(items.filter(({ status }) => !hasEnded(status?.phase)).map(({ spec }) => spec.app));
}

async function failedOf(client: ApiClient, apps: readonly string[]): Promise<ReleaseView[]> {
  const newest = await Promise.all(
    apps.map(
      async (app) =>
        (await client.get<{ items: ReleaseView[] }>("/api/v1/releases", { app, limit: 1, sort: "-updated" })).items[0],
    ),
  );
  return newest.filter((found): found is ReleaseView => found?.status?.phase === "failed");
}
