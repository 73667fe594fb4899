import { findKind, kinds, type Kind, type KindName } from "../objects/kinds.ts";

/** `apiVersion/Kind/namespace/name`; the namespace is empty for kinds without one. */
export type ObjectKey = string;

export function objectKey(kind: KindName, namespace: string, name: string): ObjectKey {
  return `${kinds[kind].apiVersion}/${kind}/${namespace}/${name}`;
}

export interface KeyParts {
  kind: Kind;
  namespace: string;
  name: string;
}

/** Undefined for a kind that isn't registered. */
export function parseObjectKey(key: ObjectKey): KeyParts | undefined {
  const parts = key.split("/");
  const [kindName = "", namespace = "", name = ""] = parts.slice(-3);
  const kind = findKind(parts.slice(0, -3).join("/"), kindName);
  return kind === undefined ? undefined : { kind, namespace, name };
}
