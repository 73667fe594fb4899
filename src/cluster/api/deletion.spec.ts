import { describe, expect, it } from "vitest";
import { kinds, type Kind } from "../../objects/kinds.ts";
import type { KubeObject, OwnerReference } from "../../objects/meta.ts";
import type { Pod } from "../../objects/core.ts";
import type { ObjectStore } from "./object-store.ts";
import { configMap, deployment, newStore } from "./testing.ts";

const namespace = (name: string): KubeObject => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
const pod = (name: string, nodeName?: string): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: "default" },
  spec: { containers: [{ name: "app", image: "a:1" }], ...(nodeName === undefined ? {} : { nodeName }) },
});
const ownerOf = ({ apiVersion, kind, metadata }: KubeObject, blockOwnerDeletion = true): OwnerReference => ({
  apiVersion,
  kind,
  name: metadata.name,
  uid: metadata.uid!,
  blockOwnerDeletion,
});
function owned(store: ObjectStore, name: string, owners: OwnerReference[], finalizers?: string[]): KubeObject {
  return store.create(kinds.ConfigMap, {
    ...configMap(name, {}),
    metadata: {
      name,
      namespace: "default",
      ownerReferences: owners,
      ...(finalizers === undefined ? {} : { finalizers }),
    },
  });
}
const names = (store: ObjectStore, kind: Kind, where = "default"): string[] =>
  store.list(kind, { namespace: where }).items.map(({ metadata }) => metadata.name);

describe("deleting", () => {
  it("checks its preconditions", () => {
    const store = newStore();
    const { metadata } = store.create(kinds.ConfigMap, configMap("c", {}));
    expect(() => store.delete(kinds.ConfigMap, "default", "c", { preconditions: { uid: "other" } })).toThrow(
      expect.objectContaining({ code: 409 }),
    );
    expect(() => store.delete(kinds.ConfigMap, "default", "c", { preconditions: { resourceVersion: "1" } })).toThrow(
      expect.objectContaining({ code: 409 }),
    );
    expect(
      store.delete(kinds.ConfigMap, "default", "c", {
        preconditions: { uid: metadata.uid!, resourceVersion: metadata.resourceVersion! },
      }).removed,
    ).toBe(true);
    expect(() => store.delete(kinds.ConfigMap, "default", "c")).toThrow(expect.objectContaining({ code: 404 }));
  });

  it("waits for finalizers, which can't be added any more", () => {
    const store = newStore();
    owned(store, "c", [], ["example.com/hold"]);
    expect(store.delete(kinds.ConfigMap, "default", "c")).toMatchObject({
      removed: false,
      object: { metadata: { deletionTimestamp: "2026-01-02T03:04:05Z" } },
    });
    expect(() =>
      store.patch(kinds.ConfigMap, "default", "c", {
        type: "merge",
        patch: { metadata: { finalizers: ["example.com/hold", "example.com/more"] } },
      }),
    ).toThrow(expect.objectContaining({ code: 422 }));
    store.patch(kinds.ConfigMap, "default", "c", { type: "merge", patch: { metadata: { finalizers: null } } });
    expect(names(store, kinds.ConfigMap)).toEqual([]);
  });

  it("gives a pod on a node its grace period, which a second delete can only shorten", () => {
    const store = newStore();
    store.create(kinds.Pod, pod("p", "node"));
    expect(store.delete(kinds.Pod, "default", "p").object.metadata).toMatchObject({
      deletionGracePeriodSeconds: 30,
      deletionTimestamp: "2026-01-02T03:04:35Z",
    });
    const { revision } = store;
    expect([store.delete(kinds.Pod, "default", "p", { gracePeriodSeconds: 60 }).removed, store.revision]).toEqual([
      false,
      revision,
    ]);
    expect(
      store.delete(kinds.Pod, "default", "p", { gracePeriodSeconds: 5 }).object.metadata.deletionGracePeriodSeconds,
    ).toBe(5);
    expect(store.delete(kinds.Pod, "default", "p", { gracePeriodSeconds: 0 }).removed).toBe(true);
    store.create(kinds.Pod, pod("unplaced"));
    expect(store.delete(kinds.Pod, "default", "unplaced").removed).toBe(true);
  });

  it("collects what an owner leaves behind, not what another owner holds", () => {
    const store = newStore();
    const [a, b] = [store.create(kinds.Deployment, deployment("a")), store.create(kinds.Deployment, deployment("b"))];
    const child = owned(store, "child", [ownerOf(a)]);
    owned(store, "grandchild", [ownerOf(child)]);
    owned(store, "shared", [ownerOf(a), ownerOf(b)]);
    store.delete(kinds.Deployment, "default", "a");
    expect(names(store, kinds.ConfigMap)).toEqual(["shared"]);
    expect(store.get(kinds.ConfigMap, "default", "shared")!.metadata.ownerReferences).toMatchObject([{ name: "b" }]);
  });

  it("collects what comes too late for its owner, but not what an unknown kind owns", () => {
    const store = newStore();
    const a = store.create(kinds.Deployment, deployment("a"));
    store.delete(kinds.Deployment, "default", "a");
    owned(store, "late", [ownerOf(a)]);
    owned(store, "foreign", [{ apiVersion: "example.com/v1", kind: "Thing", name: "t", uid: "1" }]);
    expect(names(store, kinds.ConfigMap)).toEqual(["foreign"]);
  });

  it("leaves orphans alone", () => {
    const store = newStore();
    const a = store.create(kinds.Deployment, deployment("a"));
    owned(store, "child", [ownerOf(a)]);
    store.delete(kinds.Deployment, "default", "a", { propagationPolicy: "Orphan" });
    expect(store.get(kinds.ConfigMap, "default", "child")!.metadata.ownerReferences).toBeUndefined();
  });

  it("in the foreground waits for what blocks it", () => {
    const store = newStore();
    const a = store.create(kinds.Deployment, deployment("a"));
    owned(store, "held", [ownerOf(a)], ["example.com/hold"]);
    owned(store, "free", [ownerOf(a)]);
    expect(store.delete(kinds.Deployment, "default", "a", { propagationPolicy: "Foreground" })).toMatchObject({
      removed: false,
      object: { metadata: { finalizers: ["foregroundDeletion"] } },
    });
    expect(names(store, kinds.ConfigMap)).toEqual(["held"]);
    store.patch(kinds.ConfigMap, "default", "held", { type: "merge", patch: { metadata: { finalizers: null } } });
    expect(names(store, kinds.Deployment)).toEqual([]);
  });

  it("empties a namespace, lets nothing in meanwhile, and removes it with its last object", () => {
    const store = newStore();
    store.create(kinds.Namespace, namespace("shop"));
    store.create(kinds.ConfigMap, configMap("c", {}, "shop"));
    store.create(kinds.Pod, { ...pod("p", "node"), metadata: { name: "p", namespace: "shop" } });
    expect(store.delete(kinds.Namespace, undefined, "shop")).toMatchObject({
      removed: false,
      object: { status: { phase: "Terminating" } },
    });
    expect(names(store, kinds.ConfigMap, "shop")).toEqual([]);
    expect(() => store.create(kinds.ConfigMap, configMap("d", {}, "shop"))).toThrow(
      expect.objectContaining({ code: 403, message: expect.stringContaining("because it is being terminated") }),
    );
    store.delete(kinds.Pod, "shop", "p", { gracePeriodSeconds: 0 });
    expect(store.get(kinds.Namespace, undefined, "shop")).toBeUndefined();
  });
});
