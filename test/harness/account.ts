import { tickMs, type Tally } from "../fixtures/story/load.mjs";

export interface Account {
  sent: number;
  /** Requests a second, of all clients together. */
  perSecond: number;
  /** Requests that no bad version answered and that didn't get 200: an error of connection, no answer in time, another status. */
  failed: number;
  /** What failed, counted by `CLIENT: WHAT`, with the first bodies. */
  failures: Record<string, number>;
  samples: string[];
  /** Answers of each version, whatever their status. */
  versions: Record<string, number>;
  /** Answers of bad versions, of all requests that were sent while those answered. */
  bad: { answers: number; among: number };
}

const versionOf = (key: string): string => key.slice(0, key.indexOf(" "));
const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

/** What is bad on purpose: versions, told by the mark on their answers, and times in which proxies answer for them (Unix ms). */
export interface Bad {
  versions?: readonly string[];
  /** A version that crashes or is cut off answers nothing itself: what proxies say then counts as its answer. */
  during?: { from: number; to: number; client?: RegExp };
}

/** What clients saw together. Pure. */
export function account(tallies: readonly Tally[], { versions: bad = [], during }: Bad = {}): Account {
  const failures: Record<string, number> = {};
  const versions: Record<string, number> = {};
  let answers = 0;
  let among = 0;
  const isBad = (client: string, key: string, at: number) =>
    bad.includes(versionOf(key)) ||
    (during !== undefined &&
      versionOf(key) === "-" &&
      (during.client?.test(client) ?? true) &&
      at + tickMs > during.from &&
      at <= during.to);
  for (const { name, ticks } of tallies) {
    for (const [at, inTick] of ticks)
      for (const [key, count] of Object.entries(inTick)) {
        const version = versionOf(key);
        if (version !== "-") versions[version] = (versions[version] ?? 0) + count;
        const what = `${name}: ${key}`;
        if (!key.endsWith(" 200") && !isBad(name, key, at)) failures[what] = (failures[what] ?? 0) + count;
      }
    const badTicks = ticks
      .filter(([at, inTick]) => Object.keys(inTick).some((key) => isBad(name, key, at)))
      .map(([at]) => at);
    const [from = Infinity, to = -Infinity] = [badTicks[0], badTicks.at(-1)];
    for (const [at, inTick] of ticks) {
      if (at < from || at > to) continue;
      among += sum(Object.values(inTick));
      answers += sum(Object.entries(inTick).map(([key, count]) => (isBad(name, key, at) ? count : 0)));
    }
  }
  const sent = sum(tallies.map((tally) => tally.sent));
  return {
    sent,
    perSecond: sum(tallies.map((tally) => (tally.ms === 0 ? 0 : (tally.sent * 1000) / tally.ms))),
    failed: sum(Object.values(failures)),
    failures,
    samples: tallies.flatMap(({ name, samples }) =>
      samples
        .filter(({ key, at }) => !isBad(name, key, at))
        .map(({ at, took, key, body }) => `${new Date(at).toISOString().slice(11, 23)} ${took} ms ${key} ${body}`),
    ),
    versions,
    bad: { answers, among },
  };
}

/**
 * Whether so many of `among` requests can come of a weight (0 to 100): not more than five standard deviations above it,
 * which chance alone exceeds once in three million times.
 */
export function withinWeight({ answers, among }: Account["bad"], weight: number): boolean {
  const share = weight / 100;
  return answers <= among * share + 5 * Math.sqrt(among * share * (1 - share)) + 1;
}

/** One line for each test's figures. */
export function told(what: string, { sent, perSecond, failed, versions, bad }: Account): string {
  const share =
    bad.among === 0
      ? ""
      : `; bad version: ${bad.answers} of ${bad.among} while it answered (${((100 * bad.answers) / bad.among).toFixed(1)} %)`;
  const each = Object.entries(versions).map(([version, count]) => `${version} ${count}`);
  return `${what}: ${sent} requests (${perSecond.toFixed(0)}/s), ${failed} failed; ${each.join(", ")}${share}`;
}

/** Clients whose requests failed after one had been answered with 200: what has begun to work must go on. Pure. */
export function relapses(tallies: readonly Tally[]): string[] {
  return tallies.flatMap(({ name, ticks }) => {
    const good = ticks.find(([, inTick]) => Object.keys(inTick).some((key) => key.endsWith(" 200")))?.[0] ?? Infinity;
    return ticks.flatMap(([at, inTick]) =>
      at <= good
        ? []
        : Object.keys(inTick).flatMap((key) => (key.endsWith(" 200") ? [] : [`${name}: ${key} ${at - good} ms later`])),
    );
  });
}
