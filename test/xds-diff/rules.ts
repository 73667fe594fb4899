/** The differences that are accepted, and why: `accepted.yaml`. Pure. */
import type { JsonValue } from "@bufbuild/protobuf";
import { isDeepStrictEqual } from "node:util";
import { parse } from "yaml";
import type { Proxy } from "../../src/mesh/resource.ts";
import type { Difference } from "./compare.ts";

/** One reason of `accepted.yaml`, and the differences that it is the reason for. */
export interface Accepted {
  readonly why: string;
  readonly differences: readonly Rule[];
}

/** It fits a difference when all that it says does; `*` in a text stands for any text. */
export interface Rule {
  /** Parts (see units.ts) that it holds for. */
  readonly part: string | readonly string[];
  /** Fields of those; absent: the part as a whole, which only one side has. */
  readonly field?: string | readonly string[];
  readonly how: Difference["how"];
  /** Which proxies it holds for; absent: all. */
  readonly role?: Proxy["role"];
  /** What stands there; texts with `*`, anything else exactly. */
  readonly istiod?: JsonValue;
  readonly quipu?: JsonValue;
}

const ways: readonly string[] = ["only istiod", "only quipu", "differ", "order"];
const known: readonly string[] = ["part", "field", "how", "role", "istiod", "quipu"];

/** The rules of all reasons. Throws when one isn't as it should be. */
export function parseRules(text: string): Rule[] {
  return (parse(text) as Accepted[]).flatMap(({ why, differences }) => {
    if (typeof why !== "string" || !why.includes(" ")) throw new Error(`no reason: ${JSON.stringify(differences)}`);
    if (!Array.isArray(differences)) throw new Error(`"${why}" is a reason for nothing`);
    for (const rule of differences as Rule[]) {
      const unknown = Object.keys(rule).filter((key) => !known.includes(key));
      if (unknown.length > 0)
        throw new Error(`"${why}": ${unknown.join(", ")} isn't known; accepted: ${known.join(", ")}`);
      if (!ways.includes(rule.how)) throw new Error(`"${why}": how is ${rule.how}; accepted: ${ways.join(", ")}`);
    }
    return differences as Rule[];
  });
}

export function ruleFor(
  rules: readonly Rule[],
  role: Proxy["role"],
  part: string,
  difference: Difference,
): Rule | undefined {
  return rules.find(
    (rule) =>
      rule.how === difference.how &&
      (rule.role ?? role) === role &&
      fitsAny(rule.part, part) &&
      fitsAny(rule.field ?? "", difference.field) &&
      (rule.istiod === undefined || fitsValue(rule.istiod, difference.istiod)) &&
      (rule.quipu === undefined || fitsValue(rule.quipu, difference.quipu)),
  );
}

function fitsAny(patterns: string | readonly string[], text: string): boolean {
  return [patterns].flat().some((pattern) => fits(pattern, text));
}

function fitsValue(pattern: JsonValue, value: JsonValue | undefined): boolean {
  return typeof pattern === "string" && typeof value === "string"
    ? fits(pattern, value)
    : isDeepStrictEqual(pattern, value);
}

const compiled = new Map<string, RegExp>();

function fits(pattern: string, text: string): boolean {
  let expression = compiled.get(pattern);
  if (expression === undefined) {
    expression = new RegExp(`^${pattern.split("*").map(escaped).join(".*")}$`, "s");
    compiled.set(pattern, expression);
  }
  return expression.test(text);
}

function escaped(text: string): string {
  return text.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&");
}
