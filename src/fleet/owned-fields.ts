/**
 * Which fields of an object in a cluster are ours, with their values: read from `managedFields` (FieldsV1, Kubernetes
 * reference "Server-Side Apply"), so that what the server fills in or writes in another form is never taken for drift.
 */
import { isDeepStrictEqual } from "node:util";
import type { KubeObject } from "../objects/meta.ts";
import { shortHash } from "./stamp.ts";

/** Path as Kubernetes prints it (`.spec.ports[port=80].name`) → value. */
export type OwnedFields = ReadonlyMap<string, unknown>;
export interface FieldDrift {
  field: string;
  /** Whoever holds it. Undefined: it isn't there. */ found: unknown;
  /** Undefined: it shall not be there. */ wanted: unknown;
  /** Who else holds it. */ managers: readonly string[];
}

/** Fields that the manager applied, with their values in the object, or in another one. */
export function ownedFields(object: KubeObject, manager: string, values: KubeObject = object): OwnedFields {
  const fields = new Map<string, unknown>();
  for (const entry of object.metadata.managedFields ?? []) {
    if (entry.manager === manager && entry.operation === "Apply" && !entry.subresource)
      collect(entry.fieldsV1, values, "", fields);
  }
  return fields;
}

export function hashOwned(fields: OwnedFields): string {
  return shortHash(
    JSON.stringify([...fields].sort(([a], [b]) => (a < b ? -1 : 1)).map(([path, value]) => [path, sorted(value)])),
  );
}

/** Where `found` isn't as `wanted` was left by the manager, by path. */
export function driftedFields(found: KubeObject, wanted: KubeObject, manager: string): FieldDrift[] {
  const ours = ownedFields(wanted, manager);
  // Also what is ours no more: somebody took it.
  const there = new Map([...ownedFields(found, manager), ...ownedFields(wanted, manager, found)]);
  return [...new Set([...there.keys(), ...ours.keys()])].toSorted().flatMap((field) => {
    const [is, shall] = [there.get(field), ours.get(field)];
    if (isDeepStrictEqual(is, shall)) return [];
    const managers = managersOf(found, [field], manager);
    return inside(field, is, shall).map((each) => ({ ...each, managers }));
  });
}

/** A list that is held as a whole may be long: where in it the difference lies. */
function inside(field: string, found: unknown, wanted: unknown): Omit<FieldDrift, "managers">[] {
  if (isDeepStrictEqual(found, wanted)) return [];
  if (Array.isArray(found) && Array.isArray(wanted))
    return Array.from({ length: Math.max(found.length, wanted.length) }, (_, at) =>
      inside(`${field}[${at}]`, found[at], wanted[at]),
    ).flat();
  if (isMap(found) && isMap(wanted))
    return [...new Set([...Object.keys(found), ...Object.keys(wanted)])]
      .toSorted()
      .flatMap((name) => inside(`${field}.${name}`, ownValue(found, name), ownValue(wanted, name)));
  return [{ field, found, wanted }];
}

/** Who else holds the given paths, by manager. */
export function managersOf(object: KubeObject, paths: readonly string[], except: string): string[] {
  const found = new Set<string>();
  for (const entry of object.metadata.managedFields ?? []) {
    if (entry.manager === except) continue;
    const fields = new Map<string, unknown>();
    collect(entry.fieldsV1, object, "", fields);
    if (
      paths.some((path) =>
        [...fields.keys()].some((held) => held === path || held.startsWith(`${path}.`) || path.startsWith(`${held}.`)),
      )
    )
      found.add(entry.manager);
  }
  return [...found].sort();
}

function collect(set: Record<string, unknown>, value: unknown, path: string, into: Map<string, unknown>): void {
  for (const [element, below] of Object.entries(set)) {
    // "." says that the map or list item itself is held; its fields are told on their own.
    if (element === ".") continue;
    const at = path + elementText(element);
    const child = valueAt(value, element);
    const inner = below as Record<string, unknown>;
    if (Object.keys(inner).length === 0) into.set(at, child);
    else if (child === undefined) into.set(at, undefined);
    else collect(inner, child, at, into);
  }
}

function valueAt(value: unknown, element: string): unknown {
  const rest = element.slice(2);
  if (element.startsWith("f:")) return isMap(value) ? ownValue(value, rest) : undefined;
  if (!Array.isArray(value)) return undefined;
  const wanted: unknown = JSON.parse(rest);
  if (element.startsWith("v:")) return value.find((item) => isDeepStrictEqual(item, wanted));
  return value.find(
    (item) =>
      isMap(item) && Object.entries(wanted as object).every(([key, each]) => isDeepStrictEqual(item[key], each)),
  );
}

function elementText(element: string): string {
  const rest = element.slice(2);
  if (element.startsWith("f:")) return `.${rest}`;
  if (element.startsWith("v:")) return `[=${rest}]`;
  return `[${Object.entries(JSON.parse(rest) as object)
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join(",")}]`;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Names are whatever people chose: a label may be called `constructor`. */
function ownValue(map: Record<string, unknown>, name: string): unknown {
  return Object.hasOwn(map, name) ? map[name] : undefined;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isMap(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => [key, sorted(each)]),
  );
}
