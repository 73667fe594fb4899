import type { RateLimit, RateUnit, TrafficPart } from "../model/parts.ts";
import type { EdgeSide } from "./behaviour-edges.ts";
import { ofMatch, type Sample } from "./behaviour-samples.ts";

/** What is stated beside a request so that a changed rule shows: the same before and after, but for tokens left. */
export interface Variant {
  about: "timeout" | "retries" | "limit";
  words: string;
  before: Record<string, unknown>;
  after: Record<string, unknown>;
}
type Side = EdgeSide | undefined;

const both = (about: Variant["about"], words: string, stated: Record<string, unknown>): Variant => ({
  about,
  words,
  before: stated,
  after: stated,
});

/** Answers between the old timeout and the new, just below and just above each. Empty when neither it nor that of a try changes. */
export function timeoutRequests(before: Side, after: Side, grpc: boolean): Variant[] {
  const whole = (side: Side) =>
    side?.overrides?.timeoutMs ?? (grpc ? side?.traffic?.grpcTimeoutMs : side?.traffic?.timeoutMs) ?? 0;
  const aTry = (side: Side) => side?.overrides?.retries?.perTryTimeoutMs ?? side?.traffic?.retries.perTryTimeoutMs ?? 0;
  return [
    ...around(whole(before), whole(after)).map((delayMs) =>
      both("timeout", `answered after ${durationWords(delayMs)}`, { answers: [{ status: 200, delayMs }] }),
    ),
    ...around(aTry(before), aTry(after)).map((delayMs) =>
      both("retries", `answered after ${durationWords(delayMs)}, when tried again at once`, {
        answers: [
          { status: 200, delayMs },
          { status: 200, delayMs: 0 },
        ],
      }),
    ),
  ];
}

/** `700 ms`, `1.65 s`. */
function durationWords(ms: number): string {
  return ms < 1000 ? `${ms} ms` : `${Number((ms / 1000).toFixed(3))} s`;
}

/** 0: no limit. */
function around(before: number, after: number): number[] {
  if (before === after) return [];
  const points = [before, after].filter((ms) => ms > 0).toSorted((a, b) => a - b);
  const near = (ms: number) => Math.max(1, Math.round(ms / 10));
  const between = points.length === 2 ? [Math.round((points[0]! + points[1]!) / 2)] : [];
  const beyond = points.flatMap((ms) => [ms - near(ms), ms + near(ms)]);
  return [...new Set([...between, ...beyond])].filter((ms) => ms > 0);
}

/** Answers that fail once, and once more often than the fewer of the retries hide. Empty when retries don't change. */
export function retryRequests(before: Side, after: Side): Variant[] {
  const [was, is] = [before, after].map((side) => {
    const { attempts = 0, retryOn = [] } = { ...side?.traffic?.retries, ...side?.overrides?.retries };
    return { attempts, retryOn };
  }) as [{ attempts: number; retryOn: string[] }, { attempts: number; retryOn: string[] }];
  if (JSON.stringify(was) === JSON.stringify(is)) return [];
  const codes = [...was.retryOn, ...is.retryOn].filter((condition) => /^\d+$/.test(condition)).map(Number);
  // `gateway-error` is all of `5xx` but 500.
  const all5xx = [was, is].filter(({ retryOn }) => retryOn.includes("5xx")).length === 1;
  const failures = new Set<number | "refused" | "reset">([503, ...(all5xx ? [500] : []), "refused", "reset", ...codes]);
  const times = new Set([1, Math.min(was.attempts, is.attempts) + 1]);
  return [...times].flatMap((count) =>
    [...failures].map((status) => {
      const failed = Array.from({ length: count }, () => ({ status, delayMs: 0 }));
      const said = typeof status === "number" ? `answered ${status}` : status === "refused" ? "refused" : "cut off";
      return both("retries", `${said} ${["", "once", "twice"][count] ?? `${count} times`}, then 200`, {
        answers: [...failed, { status: 200, delayMs: 0 }],
      });
    }),
  );
}

/** As many in use as the smaller pool holds. Empty when pools don't change. */
export function poolRequests(before: TrafficPart | undefined, after: TrafficPart | undefined): Variant[] {
  const pools = [
    {
      name: "requests",
      words: "requests in use",
      of: (t?: TrafficPart) => t?.perCaller.connectionPool.maxRequests,
      at: "caller",
    },
    {
      name: "pending",
      words: "requests waiting",
      of: (t?: TrafficPart) => t?.perCaller.connectionPool.maxPendingRequests,
      at: "caller",
    },
    {
      name: "requests",
      words: "requests in use at the replica",
      of: (t?: TrafficPart) => t?.inbound.connectionPool.maxRequests,
      at: "callee",
    },
    {
      name: "pending",
      words: "requests waiting at the replica",
      of: (t?: TrafficPart) => t?.inbound.connectionPool.maxPendingRequests,
      at: "callee",
    },
  ];
  if (before === undefined || after === undefined) return [];
  return pools.flatMap(({ name, words, of, at }) => {
    const [was, is] = [of(before), of(after)];
    const count = Math.min(was ?? Infinity, is ?? Infinity);
    return was === is ? [] : [both("limit", `with ${count} ${words}`, { [at]: { [name]: count } })];
  });
}

const unitMs: Record<RateUnit, number> = { second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** The request after the last that the tighter limit lets through. Empty when limits don't change. */
export function limitRequests(
  before: TrafficPart | undefined,
  after: TrafficPart | undefined,
  otherwise: Sample,
): (Variant & { sample: Sample })[] {
  if (before === undefined || after === undefined) return [];
  const [was, is] = [before.rateLimits, after.rateLimits];
  const key = ({ scope, unit, per, match }: RateLimit) => JSON.stringify([scope, unit, per, match]);
  const limits = new Map([...was, ...is].map((limit) => [key(limit), limit]));
  return [...limits].flatMap(([id, { unit, scope, per, match }]) => {
    const [old, now] = [was, is].map((list) => list.find((limit) => key(limit) === id));
    const sample: Sample = match === undefined ? { ...otherwise } : ofMatch(match);
    if (per !== undefined) sample.headers = { ...sample.headers, [per.header.toLowerCase()]: "somebody" };
    const used = Math.min(old?.requests ?? Infinity, now?.requests ?? Infinity);
    const where = scope === "instance" ? " at one replica" : "";
    const stated = (list: readonly RateLimit[]) => ({ tokens: tokensLeft(list, used, unit) });
    return [
      ...(old?.requests === now?.requests
        ? []
        : [
            {
              about: "limit" as const,
              words: `the ${ordinal(used + 1)} in ${unit === "hour" ? "an" : "a"} ${unit}${where}`,
              before: stated(was),
              after: stated(is),
              sample,
            },
          ]),
      ...(scope === "instance" || old === undefined || now === undefined || old.failOpen === now.failOpen
        ? []
        : [{ ...both("limit", "while the rate-limit service is down", { rateLimitService: false }), sample }]),
    ];
  });
}

/** By limit's place, when so many like requests were made within a unit: they count in every unit that isn't shorter. */
function tokensLeft(limits: readonly RateLimit[], used: number, unit: RateUnit): Record<string, number> {
  return Object.fromEntries(
    limits.flatMap(({ requests, unit: own }, index) =>
      unitMs[own] < unitMs[unit] ? [] : [[String(index), Math.max(0, requests - used)]],
    ),
  );
}

function ordinal(count: number): string {
  const teen = count % 100 >= 11 && count % 100 <= 13;
  return `${count}${teen ? "th" : (["th", "st", "nd", "rd"][count % 10] ?? "th")}`;
}
