import type { ApiClient } from "./api-client.ts";
import { CliError, exitCodes } from "./cli-error.ts";
import { isLive, LiveScreen } from "./live-screen.ts";
import { marks, painter } from "./output.ts";
import { awayMs, patiently } from "./patience.ts";
import { endError, together } from "./release-end.ts";
import { ReleaseNews } from "./release-news.ts";
import { releaseLine, releaseTree } from "./release-tree.ts";
import { releaseName, type ReleaseView } from "./release-view.ts";
import { span } from "./release-wait.ts";

/** A release by app and number. */
export interface ReleaseKey {
  app: string;
  number: number;
}

export interface FollowOptions {
  /** Default: standard error. A terminal gets a drawing, anything else a line for each piece of news. */
  stream?: NodeJS.WriteStream;
  /** Absent: as long as it takes; every release has deadlines of its own. */
  timeoutMs?: number;
  now?: () => number;
  sleep?: (ms: number) => Promise<void>;
}

const everyMs = 400;

/** `orders-r7` as the API names releases. */
export function releaseKey(name: string): ReleaseKey {
  const at = name.lastIndexOf("-r");
  return { app: name.slice(0, at), number: Number(name.slice(at + 2)) };
}

/** One change of many things may make a release of an app and, with the next thing, one that takes over from it. */
export function newestOfEach(keys: readonly ReleaseKey[]): ReleaseKey[] {
  const newest = new Map<string, ReleaseKey>();
  for (const key of keys) if (key.number > (newest.get(key.app)?.number ?? 0)) newest.set(key.app, key);
  return [...newest.values()];
}

export function readRelease(client: Pick<ApiClient, "get">, { app, number }: ReleaseKey): Promise<ReleaseView> {
  return client.get<ReleaseView>(`/api/v1/apps/${encodeURIComponent(app)}/releases/${number}`);
}

/**
 * Waits for the ends of releases and shows how far they are; rides out a restart of the server. Throws the CliError of
 * the worst end, `timed-out` when some go on after `timeoutMs`, `unreachable` when the server stays away.
 */
export async function followReleases(
  client: Pick<ApiClient, "get">,
  keys: readonly ReleaseKey[],
  options: FollowOptions = {},
): Promise<ReleaseView[]> {
  const { stream = process.stderr, timeoutMs, now = Date.now, sleep = wait } = options;
  const show = isLive(stream) ? drawing(stream) : news(stream);
  const until = timeoutMs === undefined ? Infinity : now() + timeoutMs;
  const stop = onInterrupt(keys, stream);
  let views: ReleaseView[] = [];
  try {
    for (;;) {
      views = await Promise.all(
        keys.map(async (key, index) => {
          const known = views[index];
          if (known?.endedAt !== undefined) return known;
          return patiently(() => readRelease(client, key), {
            forMs: awayMs,
            stopped: () => now() >= until,
            away: (error, leftMs) => show.away(error, leftMs),
            now,
            sleep,
          });
        }),
      );
      const over = now() >= until;
      const ended = views.every(({ endedAt }) => endedAt !== undefined);
      show.views(views, ended || over);
      if (ended || over) break;
      await sleep(Math.min(everyMs, until - now()));
    }
  } finally {
    stop();
  }
  const error = together(
    views.map((view) => (view.endedAt === undefined ? tooLong(view, timeoutMs!) : endError(view))),
  );
  if (error !== undefined) throw error;
  return views;
}

function tooLong(view: ReleaseView, timeoutMs: number): CliError {
  const words = view.waits[0] === undefined ? "" : `: ${view.waits[0].reason}`;
  return new CliError(
    "timed-out",
    `release ${releaseName(view)} is still ${view.phase} after ${span(timeoutMs)}${words}`,
    `It goes on. Watch it: quipu status ${view.app} --watch`,
  );
}

interface Shown {
  views(views: readonly ReleaseView[], last: boolean): void;
  away(error: Error, leftMs: number): void;
}

function drawing(stream: NodeJS.WriteStream): Shown {
  const screen = new LiveScreen(stream);
  const paint = painter(stream);
  let lines: string[] = [];
  return {
    views(views, last) {
      const { columns } = screen;
      const rows = Math.max(4, Math.floor(screen.rows / views.length));
      lines = views.flatMap((view) => {
        const options = { now: view.at, columns, paint };
        // One among many: a line is enough for those that have ended well.
        if (views.length > 1 && (view.phase === "finished" || view.begunAt === undefined))
          return [releaseLine(view, options)];
        return releaseTree(view, { ...options, ...(!last && { rows }) });
      });
      if (last) screen.leave(lines);
      else screen.draw(lines);
    },
    away(error, leftMs) {
      screen.draw([paint("yellow", `${marks.wait} ${error.message}; it is waited for ${span(leftMs)} more`), ...lines]);
    },
  };
}

function news(stream: NodeJS.WriteStream): Shown {
  const said = new ReleaseNews();
  let away = false;
  return {
    views(views) {
      if (away) stream.write("the server answers again\n");
      away = false;
      for (const view of views) for (const line of said.of(view)) stream.write(`${line}\n`);
    },
    away(error, leftMs) {
      if (!away) stream.write(`${error.message}; it is waited for ${span(leftMs)}\n`);
      away = true;
    },
  };
}

/** Who stops waiting doesn't stop the release, and is told so. */
function onInterrupt(keys: readonly ReleaseKey[], stream: NodeJS.WriteStream): () => void {
  const leave = () => {
    const [{ app }] = keys as [ReleaseKey];
    stream.write(
      `\n${keys.map(releaseName).join(", ")} goes on. Watch: quipu status ${app} --watch   Stop it: quipu abort ${app}\n`,
    );
    process.exit(exitCodes.interrupted);
  };
  process.once("SIGINT", leave);
  return () => void process.off("SIGINT", leave);
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms));
}
