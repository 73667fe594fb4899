import { describe, expect, it } from "vitest";
import type { KubeObject } from "../../../objects/meta.ts";
import { Graph } from "../memo.ts";
import { ObjectStore } from "./objects.ts";

const pod = (
  name: string,
  changes: { label?: string; created?: string; version?: string; phase?: string } = {},
): KubeObject => ({
  apiVersion: "v1",
  kind: "Pod",
  spec: { containers: [] },
  status: { phase: changes.phase, podIP: "10.0.0.1" },
  metadata: {
    name,
    namespace: "ns",
    resourceVersion: changes.version ?? "1",
    creationTimestamp: changes.created ?? "2026-01-01T00:00:00Z",
    labels: { app: changes.label ?? "a" },
  },
});

describe("the object store", () => {
  function setUp() {
    const graph = new Graph();
    const store = new ObjectStore(graph);
    const byLabel = store.index("Pod", "label", ({ labels }) => [labels["app"] ?? ""]);
    let computed = 0;
    const names = graph.family("names", (label: string) => (computed++, byLabel(label).map(({ name }) => name)));
    const watch = graph.watch(names, "a", () => {});
    return { store, read: () => watch.read(), computed: () => computed, objects: () => watch.objects() };
  }

  it("finds objects by key, oldest first, as they come and go", () => {
    const { store, read } = setUp();
    store.put(pod("young", { created: "2026-02-01T00:00:00Z" }));
    store.put(pod("old"));
    expect(read()).toEqual(["old", "young"]);
    store.put(pod("old", { label: "b" }));
    expect(read()).toEqual(["young"]);
    store.remove("Pod", "ns", "young");
    expect(read()).toEqual([]);
  });
  it("doesn't count what changes with every write or probe", () => {
    const { store, read, computed } = setUp();
    store.put(pod("one"));
    read();
    store.put(pod("one", { version: "2", phase: "Running" }));
    store.put(pod("elsewhere", { label: "b" }));
    read();
    expect(computed()).toBe(1);
  });
  it("says which objects were used", () => {
    const { store, read, objects } = setUp();
    store.put(pod("one"));
    read();
    expect([...objects()]).toEqual(["Pod/ns/one"]);
  });
  it("ignores kinds that nothing is looked up by", () => {
    const { store } = setUp();
    store.put({ apiVersion: "v1", kind: "Event", metadata: { name: "e" } });
    expect(store.get("Event//e")).toBeUndefined();
  });
});
