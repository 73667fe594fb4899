import { parse } from "yaml";

export const unitSeconds = {
  second: 1,
  minute: 60,
  hour: 3600,
  day: 86_400,
  week: 604_800,
  month: 2_592_000,
  year: 31_536_000,
} as const;
export type LimitUnit = keyof typeof unitSeconds;

export interface Limit {
  /** Hits that a window takes. */
  readonly requests: number;
  readonly unit: LimitUnit;
  readonly unlimited: boolean;
  /** Counted, but never refused. */
  readonly shadow: boolean;
}

/** A level of the descriptors' tree: `key_value` → node, or `key` → the node for every other value. */
export interface LimitNode {
  readonly limit: Limit | undefined;
  readonly children: ReadonlyMap<string, LimitNode>;
}

/** One `config.yaml`. */
export interface LimitConfig {
  readonly domain: string;
  readonly children: ReadonlyMap<string, LimitNode>;
}

/** A configuration that can't be used. `field` is its path, such as `descriptors[0].rate_limit.unit`. */
export class LimitConfigError extends Error {
  override readonly name = "LimitConfigError";
  readonly code = "ratelimit/bad-config";
  readonly field: string;
  readonly found: unknown;
  readonly accepted: string;

  constructor(field: string, found: unknown, accepted: string) {
    super(
      `${field || "the configuration"}: found ${found === undefined ? "nothing" : JSON.stringify(found)}; accepted: ${accepted}`,
    );
    this.field = field;
    this.found = found;
    this.accepted = accepted;
  }
}

/**
 * Reads a configuration in envoyproxy/ratelimit's format (its README, "Configuration"). Strict: an unknown field is an
 * error. Throws a LimitConfigError.
 */
export function parseLimits(text: string): LimitConfig {
  let document: unknown;
  try {
    document = parse(text);
  } catch (error) {
    throw new LimitConfigError("", error instanceof Error ? error.message : String(error), "YAML");
  }
  const root = fields("", document, ["domain", "descriptors"]);
  if (typeof root["domain"] !== "string" || root["domain"] === "")
    throw new LimitConfigError("domain", root["domain"], "a text that isn't empty");
  return { domain: root["domain"], children: nodes("descriptors", root["descriptors"]) };
}

function nodes(at: string, value: unknown): ReadonlyMap<string, LimitNode> {
  const children = new Map<string, LimitNode>();
  if (value === undefined || value === null) return children;
  if (!Array.isArray(value)) throw new LimitConfigError(at, value, "a list");
  value.forEach((entry: unknown, index) => {
    const here = `${at}[${index}]`;
    const descriptor = fields(here, entry, [
      "key",
      "value",
      "rate_limit",
      "shadow_mode",
      "detailed_metric",
      "descriptors",
    ]);
    const { key } = descriptor;
    if (typeof key !== "string" || key === "")
      throw new LimitConfigError(`${here}.key`, key, "a text that isn't empty");
    const name = nodeName(
      key,
      descriptor["value"] === undefined || descriptor["value"] === null ? undefined : String(descriptor["value"]),
    );
    if (children.has(name)) throw new LimitConfigError(here, name, "each key and value once");
    children.set(name, {
      limit: limitOf(`${here}.rate_limit`, descriptor["rate_limit"], descriptor["shadow_mode"] === true),
      children: nodes(`${here}.descriptors`, descriptor["descriptors"]),
    });
  });
  return children;
}

function limitOf(at: string, value: unknown, shadow: boolean): Limit | undefined {
  if (value === undefined || value === null) return undefined;
  const {
    unit,
    requests_per_unit: requests,
    unlimited,
  } = fields(at, value, ["unit", "requests_per_unit", "unlimited", "name"]);
  if (unlimited === true) {
    if (unit !== undefined || requests !== undefined)
      throw new LimitConfigError(at, value, "unlimited, or a unit with requests_per_unit");
    return { requests: 0, unit: "second", unlimited: true, shadow };
  }
  const known = typeof unit === "string" ? unit.toLowerCase() : unit;
  if (typeof known !== "string" || !Object.hasOwn(unitSeconds, known))
    throw new LimitConfigError(`${at}.unit`, unit, Object.keys(unitSeconds).join(", "));
  if (typeof requests !== "number" || !Number.isInteger(requests) || requests < 0 || requests > 0xffffffff)
    throw new LimitConfigError(`${at}.requests_per_unit`, requests, "a whole number from 0 to 4294967295");
  return { requests, unit: known as LimitUnit, unlimited: false, shadow };
}

function fields(at: string, value: unknown, known: readonly string[]): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new LimitConfigError(at, value, "an object");
  const unknown = Object.keys(value).find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new LimitConfigError(at === "" ? unknown : `${at}.${unknown}`, "an unknown field", known.join(", "));
  return value as Record<string, unknown>;
}

export interface DescriptorEntry {
  readonly key: string;
  readonly value: string;
}

/** The limit that holds for a descriptor: every entry must match a level, and the last level must have one. */
export function findLimit(
  roots: readonly ReadonlyMap<string, LimitNode>[],
  entries: readonly DescriptorEntry[],
): Limit | undefined {
  for (const root of roots) {
    let level: ReadonlyMap<string, LimitNode> | undefined = root;
    let node: LimitNode | undefined;
    for (const { key, value } of entries) {
      node = level?.get(nodeName(key, value)) ?? level?.get(nodeName(key, undefined));
      level = node?.children;
    }
    if (node?.limit) return node.limit;
  }
  return undefined;
}

function nodeName(key: string, value: string | undefined): string {
  return value === undefined || value === "" ? `${key.length}:${key}` : `${key.length}:${key}=${value}`;
}
