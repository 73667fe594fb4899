import {
  chanceOfFailures,
  chanceOfSlowness,
  failing,
  fewest,
  fewestToFail,
  isFast,
  isGood,
  slownessOf,
} from "./verdict-tests.ts";
import { add, contradiction, nothing } from "./verdict-figures.ts";
import { beyond, failures, slowness, whole } from "./verdict-words.ts";

/** Counts over one window of time. `failed` includes answers that proxies made (`byProxy`): 504, 503, 429, 403. Needn't be whole numbers. */
export interface Counts {
  requests: number;
  failed: number;
  byProxy: number;
  /** Latency histogram: upper bounds in ms, rising, the last one Infinity; counts aren't cumulative. Empty: nothing was timed. */
  latency: readonly { upTo: number; count: number }[];
}

/** One look: what was added between two times (Unix ms). Subject: the new revision, or the requests now; baseline: the old revision over the same time, or the same edge before (spread over the looks). */
export interface Look {
  from: number;
  to: number;
  subject: Counts;
  baseline: Counts | null;
  /** Proxies that should have told, and those that told all of it. */
  heard: number;
  total: number;
}

/** `rollout.analysis`, resolved. successRate in percent. */
export interface AnalysisSpec {
  successRate?: number;
  p50Ms?: number;
  p90Ms?: number;
  p99Ms?: number;
  intervalMs: number;
  minRequests: number;
  failureLimit: number;
  noTraffic: "hold" | "pass";
}

export interface Failing {
  requests: number;
  failed: number;
  byProxy: number;
  /** Absent: nothing to compare with. */
  baseline?: { requests: number; failed: number };
}
/** Answers that took longer than a limit: surely, and as estimated. */
export interface Slowness {
  percentile: number;
  limitMs: number;
  surely: number;
  slower: number;
  timed: number;
}
export interface Figures extends Failing {
  latency: Slowness[];
  /** The chance of failures or slowness like these, were all just acceptable: the smallest one. */
  chance: number;
  looks: number;
  /** Looks in which every proxy was heard. */
  wholeLooks: number;
  /** Looks that failed by themselves, one after another, up to now. */
  failedLooks: number;
  /** In the newest look. */
  heard: number;
  total: number;
  /** Requests still missing for a verdict. */
  needed: number;
}
export interface Verdict {
  kind: "pass" | "fail" | "undecided" | "no-traffic" | "no-data";
  /** For people, with figures. */
  reason: string;
  figures: Figures;
}
/** How requests are told of, with a leading space: ` to r8`, ` to r7`. */
export interface Names {
  subject: string;
  baseline: string;
}

/** A verdict `fail` is as rare as this when all is just acceptable. */
export const alarm = 1 / 5000;
const namesOf: Record<"workload" | "traffic", Names> = {
  workload: { subject: " to the new revision", baseline: " to the old one" },
  traffic: { subject: "", baseline: " before" },
};

/**
 * Judges the looks since a shift was acknowledged, in their order; docs/analysis.md tells the rules.
 *
 * - `fail`: all looks together hold so many failures (or slow answers) that chance alone would bring them about less often
 *   than once in 5,000 times, were the true share just acceptable (with fewer than 10 requests, or than `minRequests` where
 *   that is less, never); or more than `failureLimit` looks in a row, of at least
 *   `minRequests` each, fail by themselves. `failureLimit` looks are borne, the next one ends it: 0, the first. Each is
 *   tested so that they all together are as rare as above, and at most 1 in 20 each.
 * - `no-data`: figures contradict themselves; not everybody was heard in the newest look, or in half of the time.
 * - `no-traffic`: everybody was heard, nobody was asked. What follows is for the caller to say (`noTraffic`).
 * - `pass`: in the looks in which everybody was heard there were `minRequests`, failures and percentiles lie within what is
 *   accepted, and either nothing failed or the true share lies 2 points beyond it with a chance of at most 1 in 5.
 * - `undecided`: anything else.
 */
export function judge(
  spec: AnalysisSpec,
  looks: readonly Look[],
  kind: "workload" | "traffic",
  names: Names = namesOf[kind],
): Verdict {
  const all = looks.reduce((sum, look) => add(sum, look.subject), nothing);
  const past = looks.reduce((sum, { baseline }) => (baseline === null ? sum : add(sum, baseline)), nothing);
  const heardLooks = looks.filter(isWhole);
  const sound = heardLooks.reduce((sum, look) => add(sum, look.subject), nothing);
  const newest = looks.at(-1);
  const wrong = contradiction(looks);
  const figures = {
    ...failing(all, past),
    latency: slownessOf(spec, all.latency),
    chance: 1,
    looks: looks.length,
    wholeLooks: heardLooks.length,
    failedLooks: 0,
    heard: newest?.heard ?? 0,
    total: newest?.total ?? 0,
    needed: Math.max(0, spec.minRequests - Math.floor(sound.requests + 1e-6)),
  };
  const say = (verdict: Verdict["kind"], reason: string): Verdict => ({ kind: verdict, reason, figures });
  if (newest === undefined) return say("undecided", "No look is complete yet.");
  if (wrong !== undefined)
    return { kind: "no-data", reason: wrong, figures: { ...figures, ...failing(nothing, undefined), latency: [] } };

  const bad = worst(spec, figures, names);
  figures.chance = bad.chance;
  if (all.requests >= Math.min(spec.minRequests, fewestToFail) && bad.chance < alarm) return say("fail", bad.reason);
  const inRow = failedInRow(spec, looks, kind === "workload", past, names);
  figures.failedLooks = inRow.count;
  if (inRow.count > spec.failureLimit)
    return say(
      "fail",
      `${inRow.count === 1 ? "A look" : `${inRow.count} looks in a row`} failed; in the last one ${inRow.reason}`,
    );

  const unheard = hearing(looks, heardLooks);
  if (unheard !== undefined) return say("no-data", unheard);
  if (all.requests < 0.5)
    return say(
      "no-traffic",
      `No requests${names.subject} while all ${newest.total} proxies were heard${past.requests >= 1 ? `, and ${whole(past.requests)}${names.baseline}` : ""}.`,
    );
  if (figures.needed > 0)
    return say(
      "undecided",
      `${whole(sound.requests)} requests${names.subject} so far: a verdict needs ${whole(spec.minRequests)}.`,
    );
  const good = failing(sound, pastOf(heardLooks, past, kind));
  const slow = slownessOf(spec, sound.latency).find((one) => !isFast(one));
  if (!isGood(spec, good)) return say("undecided", `${failures(good, names)}: neither good nor bad for sure yet.`);
  if (slow !== undefined) return say("undecided", `${slowness(slow)}: neither good nor bad for sure yet.`);
  return say("pass", `${failures(good, names)}.`);
}

function isWhole({ heard, total }: Look): boolean {
  return total > 0 && heard === total;
}

/** The baseline of the looks that count; of an edge before its change: all of it. */
function pastOf(looks: readonly Look[], past: Counts, kind: "workload" | "traffic"): Counts {
  if (kind === "traffic") return past;
  return looks.reduce((sum, { baseline }) => (baseline === null ? sum : add(sum, baseline)), nothing);
}

/** The least likely of what was seen, and its words. */
function worst(
  spec: AnalysisSpec,
  figures: Failing & { latency: Slowness[] },
  names: Names,
): { chance: number; reason: string } {
  const candidates = [
    { chance: chanceOfFailures(spec, figures), reason: () => `${failures(figures, names)}: ${beyond(spec, figures)}.` },
    ...figures.latency.map((one) => ({
      chance: chanceOfSlowness(one),
      reason: () => `${slowness({ ...one, slower: one.surely })}.`,
    })),
  ];
  const least = candidates.reduce((a, b) => (b.chance < a.chance ? b : a));
  return { chance: least.chance, reason: figures.requests > 0 ? least.reason() : "" };
}

/** Looks that failed by themselves, back from the newest one; those with too few requests neither count nor break the row. */
function failedInRow(
  spec: AnalysisSpec,
  looks: readonly Look[],
  sameTime: boolean,
  past: Counts,
  names: Names,
): { count: number; reason: string } {
  const each = Math.min(0.05, alarm ** (1 / (spec.failureLimit + 1)));
  let count = 0;
  let reason = "";
  for (const { subject, baseline } of looks.toReversed()) {
    if (subject.requests < Math.max(1, spec.minRequests)) continue;
    const beside = sameTime && baseline !== null && baseline.requests >= fewest ? baseline : past;
    const bad = worst(spec, { ...failing(subject, beside), latency: slownessOf(spec, subject.latency) }, names);
    if (bad.chance >= each) break;
    if (count === 0) reason = bad.reason;
    count++;
  }
  return { count, reason };
}

function hearing(looks: readonly Look[], heardLooks: readonly Look[]): string | undefined {
  const newest = looks.at(-1)!;
  if (newest.total === 0) return "There is no proxy that could tell.";
  if (newest.heard < newest.total) return `${newest.heard} of ${newest.total} proxies were heard in the newest look.`;
  const heardMs = heardLooks.reduce((sum, { from, to }) => sum + to - from, 0);
  const share = heardMs / (newest.to - looks[0]!.from);
  return share < 0.5 ? `All proxies were heard in only ${Math.round(share * 100)} % of the time.` : undefined;
}
