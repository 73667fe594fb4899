import type { KindName } from "../../objects/kinds.ts";
import type { KubeObject } from "../../objects/meta.ts";

export type ObjectEvent<T extends KubeObject = KubeObject> = { type: "ADDED" | "MODIFIED" | "DELETED"; object: T };

/**
 * What controllers and runtime ask of the cluster's objects: the operations of the Kubernetes API, in process and
 * synchronous. Objects that come out are shared: never change them in place. Refusals throw (ApiError: NotFound, Conflict, …).
 */
export interface ClusterObjects {
  get<T extends KubeObject>(kind: KindName, namespace: string | undefined, name: string): T | undefined;
  list<T extends KubeObject>(kind: KindName, namespace?: string): T[];
  create<T extends KubeObject>(object: T): T;
  /** Replaces metadata and spec. With a resourceVersion that isn't the latest: Conflict. */
  update<T extends KubeObject>(object: T): T;
  /** Replaces the status alone. */
  updateStatus<T extends KubeObject>(object: T): T;
  /** Pods first get a deletionTimestamp, unless `graceSeconds` is 0. With `uid`, only that very object. */
  remove(
    kind: KindName,
    namespace: string | undefined,
    name: string,
    options?: { graceSeconds?: number; uid?: string },
  ): void;
  /** Tells all that exist as ADDED before it returns, then every change in order. Returns what ends it. */
  watch<T extends KubeObject>(kind: KindName, listener: (event: ObjectEvent<T>) => void): () => void;
}
