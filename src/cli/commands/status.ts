import type { ApiClient } from "../api-client.ts";
import { type AppView, appTree, openReleases } from "../app-view.ts";
import { fit } from "../fit-line.ts";
import { followReleases, readRelease } from "../follow-release.ts";
import { marks, type OutputFormat, plain, render, table } from "../output.ts";
import { ReleaseNews } from "../release-news.ts";
import { hasEnded, type ReleaseObject } from "../release-object.ts";
import { releaseLine, releaseTree } from "../release-tree.ts";
import type { ReleaseView } from "../release-view.ts";
import { splitOutput } from "../release-wait.ts";
import { canvas, type Canvas, type Look, watch as watchLooks } from "../watch.ts";
import { withClient } from "../with-client.ts";
import { columnsOf, get, itemsOf } from "./get.ts";

export interface StatusOptions {
  watch?: boolean;
  release?: number;
  output: OutputFormat;
}

/** Where things stand: all apps, an app with its release, or one release. `--watch` goes on until Ctrl-C, or until `--release` ends. */
export async function status(app: string | undefined, { watch, release, output }: StatusOptions): Promise<void> {
  const asked = output === "json" || output === "yaml" ? output : undefined;
  if (app === undefined && watch !== true) return get("apps", undefined, { output });
  await withClient(async (client) => {
    if (app === undefined) {
      let said = "";
      return watchLooks(async (size) => {
        const lines = await overview(client, size);
        const news = lines.join("\n");
        const changed = news !== said;
        said = news;
        return { lines, news: changed ? lines : [] };
      });
    }
    if (release !== undefined) {
      const key = { app, number: release };
      if (watch === true) return void (await followReleases(client, [key], { stream: process.stdout }));
      const view = await readRelease(client, key);
      if (asked !== undefined) console.log(render(view, asked));
      else console.log(releaseTree(view, { ...canvas(), now: view.at, density: "all" }).join("\n"));
      return;
    }
    if (watch === true) return watchLooks(watching(client, app));
    const known = await readApp(client, app);
    if (asked !== undefined) console.log(render(known, asked));
    else console.log(draw(known, await readOpen(client, known), canvas()).join("\n"));
  });
}

function readApp(client: ApiClient, app: string): Promise<AppView> {
  return client.get<AppView>(`/api/v1/apps/${encodeURIComponent(app)}/status`);
}

/** Releases under way, oldest first. */
function readOpen(client: ApiClient, view: AppView): Promise<ReleaseView[]> {
  return Promise.all(openReleases(view).map(({ spec: { app, number } }) => readRelease(client, { app, number })));
}

/** The app; while a release is under way, that one as a quipu in place of the app's clusters. */
function draw(view: AppView, open: readonly ReleaseView[], { columns, rows, paint }: Canvas): string[] {
  const running = open.findLast(({ begunAt }) => begunAt !== undefined);
  const others = open.filter((one) => one !== running).map((one) => releaseLine(one, { now: one.at, paint }));
  const tree = appTree(view, paint);
  if (running === undefined) return [...tree, ...others].map((line) => fit(line, columns));
  const [head] = tree as [string];
  const left = rows === undefined ? {} : { rows: Math.max(4, rows - 1 - others.length) };
  const quipu = releaseTree(running, { now: running.at, columns, paint, ...left });
  return [head, ...quipu, ...others].map((line) => fit(line, columns));
}

/** Looks at an app again and again: a log hears of its state, and of each release until its end. */
function watching(client: ApiClient, app: string): (size: Canvas) => Promise<Look> {
  const news = new ReleaseNews();
  let said = "";
  let before: readonly ReleaseView[] = [];
  return async (size) => {
    const view = await readApp(client, app);
    const open = await readOpen(client, view);
    const gone = before.filter(({ number }) => open.every((one) => one.number !== number));
    const ended = await Promise.all(gone.map(({ number }) => readRelease(client, { app, number })));
    before = open;
    const [head] = appTree(view, plain) as [string];
    const changed = head !== said;
    said = head;
    return {
      lines: draw(view, open, size),
      news: [...[...ended, ...open].flatMap((one) => news.of(one)), ...(changed ? [head] : [])],
    };
  };
}

/** All apps, and the releases that are under way. */
async function overview(client: ApiClient, { columns, paint }: Canvas): Promise<string[]> {
  const apps = await itemsOf(client, "apps", {});
  const { items } = await client.get<{ items: ReleaseObject[] }>("/api/v1/releases", { sort: "-updated", limit: 100 });
  const open = items.filter(({ status: known }) => !hasEnded(known?.phase));
  return [
    ...(apps.length === 0
      ? ["No apps. Declare one: quipu apply -f app.yaml"]
      : table(apps, columnsOf("apps")).split("\n")),
    ...(open.length === 0 ? [] : [""]),
    ...open.map(({ metadata, status: known }) => {
      const words = known?.reason === undefined ? "" : `: ${splitOutput(known.reason).text}`;
      return `${paint("yellow", marks.wait)} ${metadata.name} ${known?.phase ?? "waiting"}${words}`;
    }),
  ].map((line) => fit(line, columns));
}
