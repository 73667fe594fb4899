import { nothingInUse, type Answer, type Question, type Stated } from "../../../src/mesh/explain/question.ts";
import type { Places } from "./oracle-ground.ts";
import { globalTokens, methods, paths, type Configuration } from "./oracle-objects.ts";
import { users } from "./oracle-policies.ts";
import type { Random } from "./oracle-random.ts";

/** A random request, and what must be so before it is sent. */
export interface Case {
  question: Question;
  /** Requests that each replica holds meanwhile. */
  held: number;
  /** Tokens that are taken before: from each replica, and from the rate-limit service. */
  takeLocal: number;
  takeGlobal: number;
}

const hosts = [
  "bob.one",
  "bob.one",
  "bob.one",
  "bob",
  "bob.one.svc.cluster.local",
  "bob.one:8080",
  "BOB.one",
  "bob.one:80",
];
const elsewhere = ["ghost.one", "dead.one", "hidden.one", "example.com", "nobody.one:8080"];

/** `mark` is unlike that of any other case: limits are counted by it. */
export function randomCase(
  random: Random,
  { callerPool, inboundPool, localTokens, broken }: Configuration,
  { r1, r2 }: Places,
  mark: string,
): Case {
  const pools = callerPool !== undefined || inboundPool !== undefined;
  const smallest = Math.min(callerPool ?? Infinity, inboundPool ?? Infinity);
  const host = pools
    ? random.pick(["bob.one", "bob"])
    : random.chance(0.16)
      ? random.pick(elsewhere)
      : random.pick(hosts);
  const held = pools && !broken && random.chance(0.7) ? random.integer(Math.max(1, smallest - 1), smallest) : 0;
  const local = !broken && random.chance(0.25);
  const global = !broken && random.chance(0.12);
  const takeLocal = local ? random.integer(0, localTokens) : 0;
  const takeGlobal = global ? random.integer(0, globalTokens) : 0;
  const direct = !pools && random.chance(0.1) ? { address: random.pick([r1, r2]), port: 8080 } : undefined;
  const inUse = { ...nothingInUse, requests: held };
  const stated: Stated = {
    answers: answers(random, pools),
    caller: inUse,
    callee: inUse,
    rateLimitService: true,
    tokenValid: true,
    tokens: { ...(local && { "0": localTokens - takeLocal }), ...(global && { "1": globalTokens - takeGlobal }) },
  };
  return {
    held,
    takeLocal,
    takeGlobal,
    question: {
      method: random.pick(methods),
      url: `http://${host}${random.pick(paths)}`,
      via: random.chance(0.2) ? "connect" : "proxy",
      ...(direct !== undefined && { direct }),
      stated,
      headers: {
        "x-case": mark,
        ...(random.chance(0.6) && { "x-user": random.pick(users) }),
        ...(random.chance(0.3) && { "x-color": random.pick(["red", "blue"]) }),
        ...(local && { "x-limited": mark }),
        ...(global && { "x-global": mark }),
      },
    },
  };
}

/** The same case, not asked before. */
export function again({ question, ...rest }: Case, mark: string): Case {
  return {
    ...rest,
    question: {
      ...question,
      headers: Object.fromEntries(
        Object.entries(question.headers).map(([name, value]) => [
          name,
          ["x-case", "x-limited", "x-global"].includes(name) ? mark : value,
        ]),
      ),
    },
  };
}

/** Delays are far from every timeout, on either side. */
function answers(random: Random, quick: boolean): Answer[] {
  return Array.from({ length: random.integer(1, 3) }, () => ({
    status: random.chance(0.5) ? 200 : random.pick([404, 409, 409, 429, 500, 502, 503, 504, "reset"] as const),
    delayMs: !quick && random.chance(0.4) ? 1500 : 0,
  }));
}
