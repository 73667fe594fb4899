/** Compares two decoded resources field by field. Pure. */
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { isObject } from "./normalise.ts";

export interface Difference {
  /** `route.retryPolicy.numRetries`, `httpFilters[envoy.filters.http.fault]`; empty: the whole resource. */
  readonly field: string;
  /** The side that alone has it; `order`: both have the same entries, in another order. */
  readonly how: "only istiod" | "only quipu" | "differ" | "order";
  readonly istiod?: JsonValue;
  readonly quipu?: JsonValue;
}

export interface Comparison {
  /** Values that are the same: texts, numbers, and so on, and empty objects. */
  readonly equal: number;
  readonly differences: readonly Difference[];
}

export function compare(istiod: JsonValue | undefined, quipu: JsonValue | undefined): Comparison {
  const differences: Difference[] = [];
  const equal = walk("", istiod, quipu, differences);
  return { equal, differences };
}

function walk(field: string, istiod: JsonValue | undefined, quipu: JsonValue | undefined, told: Difference[]): number {
  if (istiod === undefined && quipu === undefined) return 0;
  if (istiod === undefined) told.push({ field, how: "only quipu", quipu: quipu! });
  else if (quipu === undefined) told.push({ field, how: "only istiod", istiod });
  else if (isObject(istiod) && isObject(quipu)) return objects(field, istiod, quipu, told);
  else if (Array.isArray(istiod) && Array.isArray(quipu)) return lists(field, istiod, quipu, told);
  else if (istiod === quipu) return 1;
  else told.push({ field, how: "differ", istiod, quipu });
  return 0;
}

function objects(field: string, istiod: JsonObject, quipu: JsonObject, told: Difference[]): number {
  const keys = [...new Set([...Object.keys(istiod), ...Object.keys(quipu)])];
  if (keys.length === 0) return 1;
  return keys.reduce(
    (sum, key) => sum + walk(field === "" ? key : `${field}.${key}`, istiod[key], quipu[key], told),
    0,
  );
}

function lists(field: string, istiod: JsonValue[], quipu: JsonValue[], told: Difference[]): number {
  const [a, b] = [identified(istiod), identified(quipu)];
  let equal = 0;
  for (const id of new Set([...a.keys(), ...b.keys()])) equal += walk(`${field}[${id}]`, a.get(id), b.get(id), told);
  const inBoth = (one: ReadonlyMap<string, unknown>, other: ReadonlyMap<string, unknown>) =>
    [...one.keys()].filter((id) => other.has(id));
  const [orderA, orderB] = [inBoth(a, b), inBoth(b, a)];
  if (orderA.join("\n") !== orderB.join("\n") && !unordered.test(field))
    told.push({ field, how: "order", istiod: orderA, quipu: orderB });
  return equal;
}

/**
 * Lists whose order says nothing: what a route matches must all hold; the names of virtual hosts, server names and endpoints are looked up by what they are,
 * filter chains by how well they fit (envoy.config.listener.v3.FilterChainMatch), and permissions and principals of one
 * policy are alternatives.
 */
const unordered =
  /(?:^|\.)(?:domains|virtualHosts|serverNames|applicationProtocols|endpoints|lbEndpoints|filterChains|permissions|principals|rules|ids|matchSubjectAltNames|match\.headers|queryParameters)$/;

/** Entries by what tells them apart: their name, what they match, their address, themselves; else their place. */
function identified(list: readonly JsonValue[]): Map<string, JsonValue> {
  const found = new Map<string, JsonValue>();
  list.forEach((entry, index) => {
    const id = identityOf(entry) ?? `${index}`;
    let unique = id;
    for (let again = 2; found.has(unique); again++) unique = `${id}#${again}`;
    found.set(unique, entry);
  });
  return found;
}

function identityOf(entry: JsonValue): string | undefined {
  if (!isObject(entry)) return JSON.stringify(entry).replaceAll('"', "");
  const { name, match, filterChainMatch, filters, locality, endpoint, upgradeType, exact, prefix } = entry;
  if (filters !== undefined) return chainIdentity(filterChainMatch);
  if (isObject(match)) return routeIdentity(name, match);
  if (typeof name === "string") return name;
  if (isObject(locality)) return [locality["region"], locality["zone"], locality["subZone"]].filter(Boolean).join("/");
  if (isObject(endpoint)) return addressOf(endpoint);
  for (const id of [upgradeType, exact, prefix]) if (typeof id === "string") return id;
  return undefined;
}

/** Filter chains go by the server names that they are for: how else traffic finds one is each mesh's own. */
function chainIdentity(match: JsonValue | undefined): string {
  const names = isObject(match) ? ((match["serverNames"] ?? []) as string[]) : [];
  return names.toSorted().join(",") || "any name";
}

/** A route goes by its name, else by the path that it matches; one for CONNECT stands beside its namesake. */
function routeIdentity(name: JsonValue | undefined, match: JsonObject): string {
  if (typeof name === "string" && name !== "") return match["connectMatcher"] === undefined ? name : `${name} CONNECT`;
  for (const by of ["prefix", "path", "pathSeparatedPrefix"])
    if (typeof match[by] === "string") return `${by} ${match[by]}`;
  const regex = match["safeRegex"];
  return isObject(regex) ? `regex ${String(regex["regex"])}` : "other";
}

function addressOf(endpoint: JsonObject): string | undefined {
  const socket = (endpoint["address"] as JsonObject | undefined)?.["socketAddress"];
  return isObject(socket) ? `${String(socket["address"])}:${String(socket["portValue"])}` : undefined;
}
