import type { Rendered } from "../render/render.ts";

type KubeObject = Rendered["object"];

/** One object that a release makes, changes or removes, and what of it. */
export interface ObjectChange {
  kind: string;
  namespace?: string;
  name: string;
  change: "create" | "change" | "delete";
  /** Of a changed object: paths with what was and what will be; absent values are undefined. */
  fields: { path: string; from?: unknown; to?: unknown }[];
}

/** What differs between two sets of objects, by kind and name. Pure. */
export function objectChanges(before: readonly KubeObject[], after: readonly KubeObject[]): ObjectChange[] {
  const id = ({ kind, metadata }: KubeObject) => `${kind}/${metadata.namespace ?? ""}/${metadata.name}`;
  const [then, now] = [before, after].map((list) => new Map(list.map((object) => [id(object), object]))) as [
    Map<string, KubeObject>,
    Map<string, KubeObject>,
  ];
  return [...new Set([...then.keys(), ...now.keys()])].toSorted().flatMap((key): ObjectChange[] => {
    const was = then.get(key);
    const is = now.get(key);
    const { kind, metadata } = (is ?? was)!;
    const head = {
      kind,
      ...(metadata.namespace !== undefined && { namespace: metadata.namespace }),
      name: metadata.name,
    };
    if (was === undefined) return [{ ...head, change: "create", fields: [] }];
    if (is === undefined) return [{ ...head, change: "delete", fields: [] }];
    const fields = fieldChanges("", was, is);
    return fields.length === 0 ? [] : [{ ...head, change: "change", fields }];
  });
}

function fieldChanges(path: string, from: unknown, to: unknown): ObjectChange["fields"] {
  if (isRecord(from) && isRecord(to))
    return [...new Set([...Object.keys(from), ...Object.keys(to)])].flatMap((name) =>
      fieldChanges(path === "" ? name : `${path}.${name}`, from[name], to[name]),
    );
  if (Array.isArray(from) && Array.isArray(to))
    return Array.from({ length: Math.max(from.length, to.length) }, (_, index) => index).flatMap((index) =>
      fieldChanges(`${path}[${index}]`, from[index], to[index]),
    );
  return JSON.stringify(from) === JSON.stringify(to)
    ? []
    : [{ path, ...(from !== undefined && { from }), ...(to !== undefined && { to }) }];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
