import type { KubeObject } from "../../objects/meta.ts";
import { controllerUid } from "./pod-state.ts";

/** Objects of one kind, found by namespace, by controller, or by one label: a list of everything for each change would be quadratic. */
export class ObjectIndex<T extends KubeObject> {
  readonly #objects = new Map<string, T>();
  readonly #groups = new Map<string, Map<string, T>>();

  /** Takes a watch event in. Returns the former version. */
  apply(type: "ADDED" | "MODIFIED" | "DELETED", object: T): T | undefined {
    const key = keyOf(object);
    const before = this.#objects.get(key);
    if (before !== undefined) for (const group of groupsOf(before)) this.#leave(group, key);
    if (type === "DELETED") {
      this.#objects.delete(key);
      return before;
    }
    this.#objects.set(key, object);
    for (const group of groupsOf(object)) {
      const members = this.#groups.get(group) ?? new Map<string, T>();
      members.set(key, object);
      this.#groups.set(group, members);
    }
    return before;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  inNamespace(namespace: string): T[] {
    return this.#members(`n/${namespace}`);
  }

  controlledBy(uid: string): T[] {
    return this.#members(`c/${uid}`);
  }

  /** All of a namespace that may match: by the first label of the selector. */
  candidates(namespace: string, labels: Record<string, string> | undefined): T[] {
    const first = Object.entries(labels ?? {})[0];
    return first === undefined ? this.inNamespace(namespace) : this.#members(`l/${namespace}/${first[0]}=${first[1]}`);
  }

  #members(group: string): T[] {
    return [...(this.#groups.get(group)?.values() ?? [])];
  }

  #leave(group: string, key: string): void {
    const members = this.#groups.get(group);
    members?.delete(key);
    if (members?.size === 0) this.#groups.delete(group);
  }
}

/** `namespace/name` */
export function keyOf(object: KubeObject): string {
  return `${object.metadata.namespace ?? ""}/${object.metadata.name}`;
}

export function splitKey(key: string): [namespace: string, name: string] {
  const slash = key.indexOf("/");
  return [key.slice(0, slash), key.slice(slash + 1)];
}

function groupsOf(object: KubeObject): string[] {
  const namespace = object.metadata.namespace ?? "";
  const uid = controllerUid(object);
  return [
    `n/${namespace}`,
    ...(uid === undefined ? [] : [`c/${uid}`]),
    ...Object.entries(object.metadata.labels ?? {}).map(([name, value]) => `l/${namespace}/${name}=${value}`),
  ];
}
