import { kinds, type Kind, type KindName } from "../../objects/kinds.ts";
import { findKind } from "../../objects/kinds.ts";
import type { KubeObject } from "../../objects/meta.ts";
import type { ObjectStore } from "../api/object-store.ts";
import type { ClusterObjects } from "./cluster-objects.ts";

/** The store of this process as controllers see it. `manager` is whom `managedFields` name. */
export function storeObjects(store: ObjectStore, manager: string): ClusterObjects {
  const kindOf = (object: KubeObject): Kind => {
    const kind = findKind(object.apiVersion, object.kind);
    if (kind === undefined) throw new TypeError(`${object.apiVersion} ${object.kind} is no registered kind`);
    return kind;
  };
  return {
    get: <T extends KubeObject>(kind: KindName, namespace: string | undefined, name: string) =>
      store.get<T>(kinds[kind], namespace, name),
    list: <T extends KubeObject>(kind: KindName, namespace?: string) => store.list<T>(kinds[kind], { namespace }).items,
    create: <T extends KubeObject>(object: T) => store.create(kindOf(object), object, { manager }),
    update: <T extends KubeObject>(object: T) => store.update(kindOf(object), object, { manager }),
    updateStatus: <T extends KubeObject>(object: T) =>
      store.updateStatus<T>(
        kindOf(object),
        object.metadata.namespace,
        object.metadata.name,
        (latest) => ({ ...latest, status: object.status }),
        { manager },
      ),
    remove: (kind, namespace, name, { graceSeconds, uid } = {}) => {
      store.delete(kinds[kind], namespace, name, {
        ...(graceSeconds !== undefined && { gracePeriodSeconds: graceSeconds }),
        ...(uid !== undefined && { preconditions: { uid } }),
      });
    },
    watch: (kind, listener) => {
      const { items, resourceVersion } = store.list(kinds[kind]);
      for (const object of items) listener({ type: "ADDED", object: object as never });
      return store.watch(kinds[kind], { resourceVersion }, (event) => listener(event as never));
    },
  };
}
