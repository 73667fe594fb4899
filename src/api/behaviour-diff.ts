import type { Asked } from "./behaviour-requests.ts";
import { explanationWords, fails, isApps, isDenied, type Explanation, type Outcome } from "./behaviour-words.ts";

export const differenceKinds = [
  "allowed→denied",
  "denied→allowed",
  "route",
  "timeout",
  "retries",
  "limit",
  "other",
] as const;

/** A request that would be answered otherwise. */
export interface BehaviourDifference {
  /** An app, or `gateway` for clients outside of the mesh. */
  caller: string;
  /** An app, or a host outside of the mesh. */
  callee: string;
  /** `GET /items, answered after 700 ms`. */
  request: string;
  /** `504 timeout by web.shop, route default of VirtualService/shop/catalog`; `200`: the app's own answer. */
  before: string;
  after: string;
  kind: (typeof differenceKinds)[number];
}

export interface Compared {
  asked: Asked;
  before: Explanation;
  after: Explanation;
}

/** Chances that differ by less are the same: an estimate. */
const sameChance = 0.02;

/**
 * The requests whose outcome changes: what the caller gets, who answers, and which service it comes from (the revision
 * doesn't count: a new one is what a release is for). A rule's name alone makes no difference. One request stands for all
 * of an edge that change alike. Most harmful first: denied, failing, led elsewhere, let in, and the rest. Pure.
 */
export function behaviourDiff(compared: readonly Compared[]): BehaviourDifference[] {
  const found = new Map<string, BehaviourDifference & { harm: number }>();
  for (const { asked, before, after } of compared) {
    if (isSame(before, after)) continue;
    const { caller, callee, request, base } = asked;
    const kind = kindOf(asked, before, after);
    const words = { before: explanationWords(before), after: explanationWords(after) };
    const access = kind === "allowed→denied" || kind === "denied→allowed";
    const key = JSON.stringify([caller, callee, kind, ...(access ? [base] : [words.before, words.after, asked.about])]);
    if (!found.has(key)) found.set(key, { caller, callee, request, ...words, kind, harm: harmOf(kind, before, after) });
  }
  return [...found.values()].toSorted(byHarm).map(({ harm: _, ...difference }) => difference);
}

/** What counts of an outcome, with its chance. */
function countedOf({ alternatives }: Explanation): Map<string, number> {
  const counted = new Map<string, number>();
  for (const { chance, outcome } of alternatives) {
    const key = JSON.stringify([outcome.status, outcome.flag, outcome.by, serviceOf(outcome)]);
    counted.set(key, (counted.get(key) ?? 0) + chance);
  }
  return counted;
}

function isSame(before: Explanation, after: Explanation): boolean {
  const [was, is] = [countedOf(before), countedOf(after)];
  return [...new Set([...was.keys(), ...is.keys()])].every(
    (key) => Math.abs((was.get(key) ?? 0) - (is.get(key) ?? 0)) < sameChance,
  );
}

/** `outbound|80|r2|catalog.food.svc.cluster.local` → the host and port. Who isn't let out gets nowhere. */
function serviceOf({ cluster }: Outcome): string {
  const [, port = "", , host = ""] = cluster?.split("|") ?? [];
  return `${host}:${port}`;
}

function kindOf({ about }: Asked, before: Explanation, after: Explanation): BehaviourDifference["kind"] {
  const [was, is] = [before.outcome, after.outcome];
  if (isDenied(was) !== isDenied(is)) return isDenied(is) ? "allowed→denied" : "denied→allowed";
  const has = (...wanted: string[]) => [was, is].some(({ flag }) => flag !== undefined && wanted.includes(flag));
  if (has("RL", "RLSE", "UO")) return "limit";
  if (about === "retries") return "retries";
  if (has("UT")) return "timeout";
  if (isApps(was) && isApps(is) && serviceOf(was) !== serviceOf(is)) return "route";
  return "other";
}

function harmOf(kind: BehaviourDifference["kind"], before: Explanation, after: Explanation): number {
  if (kind === "allowed→denied") return 0;
  const failing = ({ alternatives }: Explanation) =>
    alternatives.reduce((sum, { chance, outcome }) => sum + (fails(outcome) ? chance : 0), 0);
  const more = failing(after) - failing(before);
  if (kind !== "denied→allowed" && more > sameChance) return 1;
  if (kind === "route") return 2;
  if (kind === "denied→allowed") return 3;
  return more < -sameChance ? 5 : 4;
}

function byHarm(a: BehaviourDifference & { harm: number }, b: BehaviourDifference & { harm: number }): number {
  const order = differenceKinds.indexOf(a.kind) - differenceKinds.indexOf(b.kind);
  const text = (of: BehaviourDifference) => JSON.stringify([of.caller, of.callee, of.request]);
  return a.harm - b.harm || order || (text(a) < text(b) ? -1 : 1);
}
