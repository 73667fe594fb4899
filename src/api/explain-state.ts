import { parseDuration } from "../model/duration.ts";
import { Problem } from "../model/problem.ts";

/** What the mesh is told of what its configuration can't say: a part of the body of its `POST /explain`. */
export interface Stated {
  answers: { status: number | "refused" | "reset"; delayMs: number }[];
  caller: Record<string, number>;
  callee: Record<string, number>;
  tokens: Record<string, number>;
  rateLimitService: boolean;
  tokenValid: boolean;
}
export interface ExplainState {
  via: "proxy" | "connect" | "address";
  /** Past the caller's sidecar: to any replica (true), or to an address. */
  direct: boolean | { address: string; port: number };
  stated: Stated;
}

export const stateNames =
  "status, delay, requests, connections, pending, retries, callee.requests, callee.connections, callee.pending, tokens, tokens.LIMIT, ratelimit, token, via, direct";

const pools = ["requests", "connections", "pending", "retries"];

/** `{status: "503,200", delay: "700ms", "callee.requests": "10"}` → what is stated. Throws a Problem. */
export function parseState(state: Readonly<Record<string, string>>): ExplainState {
  const wrong = (name: string, accepted: string): Problem =>
    new Problem("bad-format", `state.${name} is "${state[name]!}", which isn't ${accepted}.`, {
      field: `state.${name}`,
      found: state[name],
      accepted,
      status: 400,
    });
  const oneOf = <T>(name: string, values: Record<string, T>): T => {
    if (!Object.hasOwn(values, state[name]!)) throw wrong(name, Object.keys(values).join(" or "));
    return values[state[name]!]!;
  };
  const count = (name: string): number => {
    if (!/^\d+$/.test(state[name]!)) throw wrong(name, "a whole number");
    return Number(state[name]);
  };
  const parsed: ExplainState = {
    via: "proxy",
    direct: false,
    stated: { answers: [], caller: {}, callee: {}, tokens: {}, rateLimitService: true, tokenValid: true },
  };
  const { stated } = parsed;
  let statuses: Stated["answers"][number]["status"][] = [200];
  let delays = [0];
  for (const name of Object.keys(state)) {
    const [side, pool] = name.includes(".") ? (name.split(".", 2) as [string, string]) : ["caller", name];
    if ((side === "caller" || side === "callee") && pools.includes(pool)) stated[side][pool] = count(name);
    else if (name === "tokens") stated.tokens["*"] = count(name);
    else if (name.startsWith("tokens.")) stated.tokens[name.slice("tokens.".length)] = count(name);
    else if (name === "status") {
      statuses = state[name]!.split(",").map((part) => {
        const text = part.trim();
        if (text === "refused" || text === "reset") return text;
        if (!/^[2-5]\d\d$/.test(text))
          throw wrong(name, "a status from 200 to 599, refused or reset, or several of them with commas");
        return Number(text);
      });
    } else if (name === "delay") {
      delays = state[name]!.split(",").map((part) => {
        const ms = parseDuration(part.trim());
        if (ms === undefined) throw wrong(name, "a duration such as 700ms, or several with commas");
        return ms;
      });
    } else if (name === "ratelimit") stated.rateLimitService = oneOf(name, { up: true, down: false });
    else if (name === "token") stated.tokenValid = oneOf(name, { valid: true, invalid: false });
    else if (name === "via")
      parsed.via = oneOf(name, { proxy: "proxy" as const, connect: "connect" as const, address: "address" as const });
    else if (name === "direct") {
      const at = /^([\d.]+):(\d+)$/.exec(state[name]!);
      parsed.direct =
        at === null ? oneOf(name, { true: true, false: false }) : { address: at[1]!, port: Number(at[2]) };
    } else
      throw new Problem("unknown-field", `state.${name} is nothing that can be stated.`, {
        field: `state.${name}`,
        found: name,
        accepted: stateNames,
        status: 400,
      });
  }
  const times = Math.max(statuses.length, delays.length);
  stated.answers = Array.from({ length: times }, (_, index) => ({
    status: statuses[Math.min(index, statuses.length - 1)]!,
    delayMs: delays[Math.min(index, delays.length - 1)]!,
  }));
  return parsed;
}
