import { clusterLabels, type Cluster } from "../model/cluster.ts";
import type { App } from "../model/app.ts";
import { selects } from "../model/selector.ts";
import type { Window } from "../model/window.ts";

const days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;

/**
 * The window that keeps a release from beginning now, if any: a freeze that is on, or, where windows that allow exist, the
 * lack of an open one. A window with clusters counts when the app runs in one of them. Pure; `now` in Unix ms.
 */
export function closedBy(
  app: App,
  placed: readonly Cluster[],
  windows: readonly Window[],
  now: number,
): { window: Window; reason: string } | undefined {
  const concerning = windows.filter((window) => concerns(window, app, placed));
  const freeze = concerning.find((window) => window.spec.mode === "freeze" && isOpen(window, now));
  if (freeze !== undefined)
    return { window: freeze, reason: `Window ${freeze.metadata.name} freezes releases${tail(freeze)}` };
  const allowing = concerning.filter((window) => window.spec.mode === "allow");
  if (allowing.length === 0 || allowing.some((window) => isOpen(window, now))) return undefined;
  return {
    window: allowing[0]!,
    reason: `Releases begin only during ${allowing.map((window) => `Window ${window.metadata.name}`).join(" or ")}${tail(allowing[0]!)}`,
  };
}

function tail({ spec: { reason } }: Window): string {
  return reason === undefined ? "" : `: ${reason}`;
}

function concerns({ spec: { apps = {}, clusters } }: Window, app: App, placed: readonly Cluster[]): boolean {
  const { segment, team, app: name, matchLabels } = apps;
  return (
    (segment === undefined || segment === app.spec.segment) &&
    (team === undefined || team === app.spec.team) &&
    (name === undefined || name === app.metadata.name) &&
    selects(matchLabels === undefined ? {} : { matchLabels }, app.metadata.labels) &&
    (clusters === undefined || placed.some((cluster) => selects(clusters, clusterLabels(cluster))))
  );
}

/** Whether a time lies in the window. Beginnings belong to it, ends don't. */
export function isOpen({ spec: { once, weekly } }: Window, now: number): boolean {
  if (once !== undefined) return now >= Date.parse(once.from) && now < Date.parse(once.to);
  if (weekly === undefined) return false;
  const { day, minutes } = local(now, weekly.timeZone);
  const [from, to] = [minutesOf(weekly.from), minutesOf(weekly.to)];
  const named = weekly.days as readonly string[];
  if (from < to) return named.includes(days[day]!) && minutes >= from && minutes < to;
  // Over midnight: the evening of a day that is named, or the morning after it.
  return (named.includes(days[day]!) && minutes >= from) || (named.includes(days[(day + 6) % 7]!) && minutes < to);
}

function minutesOf(text: string): number {
  return Number(text.slice(0, 2)) * 60 + Number(text.slice(3));
}

function local(now: number, timeZone: string): { day: number; minutes: number } {
  const parts = Object.fromEntries(
    new Intl.DateTimeFormat("en-US", {
      timeZone,
      weekday: "short",
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
    })
      .formatToParts(now)
      .map(({ type, value }) => [type, value]),
  );
  return {
    day: days.indexOf(parts.weekday!.toLowerCase() as (typeof days)[number]),
    minutes: Number(parts.hour) * 60 + Number(parts.minute),
  };
}
