import { describe, expect, it } from "vitest";
import { kinds } from "../../objects/kinds.ts";
import type { Deployment } from "../../objects/core.ts";
import { ObjectStore } from "./object-store.ts";
import type { WatchEvent } from "./watch-events.ts";
import { newStore, deployment, configMap } from "./testing.ts";

describe("ObjectStore", () => {
  it("gives a created object what the server owns, and hands out frozen objects", () => {
    const store = newStore();
    const created = store.create(kinds.Deployment, deployment("web"));
    expect(created.metadata).toMatchObject({
      uid: expect.any(String),
      generation: 1,
      creationTimestamp: "2026-01-02T03:04:05Z",
      resourceVersion: String(store.revision),
    });
    expect(created.spec).toMatchObject({
      replicas: 1,
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%" } },
    });
    expect(() => {
      (store.get<Deployment>(kinds.Deployment, "default", "web")!.spec as { replicas: number }).replicas = 3;
    }).toThrow(TypeError);
  });

  it("counts the generation on changes of spec only", () => {
    const store = newStore();
    store.create(kinds.Deployment, deployment("web"));
    const labelled = store.patch(kinds.Deployment, "default", "web", {
      type: "merge",
      patch: { metadata: { labels: { a: "b" } } },
    });
    expect(labelled.metadata.generation).toBe(1);
    expect(
      store.patch(kinds.Deployment, "default", "web", { type: "merge", patch: { spec: { replicas: 4 } } }).metadata
        .generation,
    ).toBe(2);
    const status = store.updateStatus<Deployment>(kinds.Deployment, "default", "web", (object) => ({
      ...object,
      spec: { ...object.spec!, replicas: 9 },
      status: { readyReplicas: 1 },
    }));
    expect(status).toMatchObject({ metadata: { generation: 2 }, spec: { replicas: 4 }, status: { readyReplicas: 1 } });
    expect(store.update(kinds.Deployment, { ...status, status: {} }).status).toEqual({ readyReplicas: 1 });
  });

  it("refuses an update of another version, and takes one of none", () => {
    const store = newStore();
    const first = store.create(kinds.ConfigMap, configMap("c", { a: "1" }));
    store.update(kinds.ConfigMap, { ...first, data: { a: "2" } });
    expect(() => store.update(kinds.ConfigMap, { ...first, data: { a: "3" } })).toThrow(
      expect.objectContaining({ code: 409, reason: "Conflict" }),
    );
    expect(store.update(kinds.ConfigMap, configMap("c", { a: "4" }))).toMatchObject({ data: { a: "4" } });
  });

  it("writes nothing when nothing changes", () => {
    const store = newStore();
    const first = store.create(kinds.ConfigMap, configMap("c", { a: "1" }));
    expect(store.update(kinds.ConfigMap, first).metadata.resourceVersion).toBe(first.metadata.resourceVersion);
  });

  it("does everything but write in a dry run", () => {
    const store = newStore();
    const { revision } = store;
    expect(store.create(kinds.ConfigMap, configMap("c", {}), { dryRun: true }).metadata.uid).toBeDefined();
    expect(() => store.create(kinds.ConfigMap, configMap("C!", {}), { dryRun: true })).toThrow(
      expect.objectContaining({ code: 422 }),
    );
    expect([store.revision, store.get(kinds.ConfigMap, "default", "c")]).toEqual([revision, undefined]);
  });

  it("watches in order, with what enters and leaves a selector, also for writes made by listeners", () => {
    const store = newStore();
    const seen: string[] = [];
    const note =
      (tag: string) =>
      ({ type, object }: WatchEvent) =>
        void seen.push(`${tag} ${type} ${object.metadata.name} ${object.metadata.labels?.["on"] ?? "-"}`);
    let nested = false;
    store.watch(kinds.ConfigMap, {}, () => {
      if (nested) return;
      nested = true;
      store.create(kinds.ConfigMap, configMap("nested", {}));
    });
    const stop = store.watch(kinds.ConfigMap, { labelSelector: "on" }, note("on"));
    store.watch(kinds.ConfigMap, { namespace: "default" }, note("all"));
    store.create(kinds.ConfigMap, configMap("c", {}));
    store.patch(kinds.ConfigMap, "default", "c", { type: "merge", patch: { metadata: { labels: { on: "1" } } } });
    store.patch(kinds.ConfigMap, "default", "c", { type: "merge", patch: { metadata: { labels: { on: null } } } });
    stop();
    store.patch(kinds.ConfigMap, "default", "c", { type: "merge", patch: { metadata: { labels: { on: "2" } } } });
    store.delete(kinds.ConfigMap, "default", "c");
    expect(seen).toEqual([
      "all ADDED c -",
      "all ADDED nested -",
      "on ADDED c 1",
      "all MODIFIED c 1",
      "on DELETED c -",
      "all MODIFIED c -",
      "all MODIFIED c 2",
      "all DELETED c 2",
    ]);
  });

  it("answers 410 for a version older than the history, or never given", () => {
    const store = newStore({ history: { changes: 8, bytes: 1e6 } });
    for (let index = 0; index < 20; index++) store.create(kinds.ConfigMap, configMap(`c${index}`, {}));
    for (const resourceVersion of ["3", "9999"])
      expect(() => store.watch(kinds.ConfigMap, { resourceVersion }, () => {})).toThrow(
        expect.objectContaining({ code: 410, reason: "Expired" }),
      );
    const seen: string[] = [];
    store.watch(
      kinds.ConfigMap,
      { resourceVersion: String(store.revision - 2) },
      ({ object }) => void seen.push(object.metadata.name),
    );
    expect(seen).toEqual(["c18", "c19"]);
  });

  it("refuses names, selectors and changes that Kubernetes refuses", () => {
    const store = newStore();
    store.create(kinds.Deployment, deployment("web"));
    const cases: [() => unknown, number, string][] = [
      [
        () => store.create(kinds.Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: "a.b" } }),
        422,
        "metadata.name",
      ],
      [
        () =>
          store.create(kinds.Service, {
            apiVersion: "v1",
            kind: "Service",
            metadata: { name: "1a", namespace: "default" },
            spec: { ports: [{ port: 1 }] },
          }),
        422,
        "DNS-1035",
      ],
      [() => store.create(kinds.ConfigMap, configMap("c", {}, "nowhere")), 404, 'namespaces "nowhere" not found'],
      [() => store.create(kinds.Deployment, deployment("web")), 409, "already exists"],
      [
        () =>
          store.patch(kinds.Deployment, "default", "web", {
            type: "merge",
            patch: {
              spec: { selector: { matchLabels: { app: "x" } }, template: { metadata: { labels: { app: "x" } } } },
            },
          }),
        422,
        "field is immutable",
      ],
      [
        () =>
          store.patch(kinds.Deployment, "default", "web", {
            type: "merge",
            patch: { spec: { template: { metadata: { labels: { app: "x" } } } } },
          }),
        422,
        "does not match template",
      ],
      [() => store.list(kinds.Deployment, { fieldSelector: "spec.paused=true" }), 400, "field label not supported"],
      [() => store.list(kinds.Deployment, { labelSelector: "a in b" }), 400, "unable to parse requirement"],
      [() => store.update(kinds.Deployment, deployment("other")), 404, 'deployments.apps "other" not found'],
    ];
    for (const [act, code, message] of cases)
      expect(act).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) }));
  });

  it("lists by selector in the order of names", () => {
    const store = newStore();
    for (const [name, tier] of [
      ["b", "x"],
      ["a", "y"],
      ["c", "x"],
    ] as const)
      store.create(kinds.ConfigMap, {
        ...configMap(name, {}),
        metadata: { name, namespace: "default", labels: { tier } },
      });
    const names = (labelSelector: string, fieldSelector?: string): string[] =>
      store
        .list(kinds.ConfigMap, { namespace: "default", labelSelector, fieldSelector })
        .items.map(({ metadata }) => metadata.name);
    expect(names("")).toEqual(["a", "b", "c"]);
    expect(names("tier=x")).toEqual(["b", "c"]);
    expect(names("tier notin (x)")).toEqual(["a"]);
    expect(names("tier in (x,y),tier!=y")).toEqual(["b", "c"]);
    expect(names("!tier")).toEqual([]);
    expect(names("tier", "metadata.name!=c")).toEqual(["a", "b"]);
  });

  it("keeps Events for an hour", () => {
    let at = Date.parse("2026-01-02T03:04:05Z");
    const store = new ObjectStore({ path: ":memory:", now: () => new Date(at), uid: () => crypto.randomUUID() });
    const event = (name: string) => ({ apiVersion: "v1", kind: "Event", metadata: { name, namespace: "default" } });
    store.create(kinds.Event, event("old"));
    at += 3_700_000;
    store.create(kinds.Event, event("new"));
    expect(store.list(kinds.Event).items.map(({ metadata }) => metadata.name)).toEqual(["new"]);
  });
});
