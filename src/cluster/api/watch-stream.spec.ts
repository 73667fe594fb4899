import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { kinds } from "../../objects/kinds.ts";
import { configMap } from "./testing.ts";
import { startTestServer, type TestServer } from "./testing-server.ts";

let api: TestServer;
beforeEach(async () => {
  api = await startTestServer();
});
afterEach(() => api.stop());

const configMaps = "/api/v1/namespaces/default/configmaps";
const table = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json" };

describe("watching over HTTP", () => {
  it("tells what is there, then what happens, until its time is over", async () => {
    api.store.create(kinds.ConfigMap, configMap("a", {}));
    const watch = api.watch(`${configMaps}?watch=true&timeoutSeconds=1&allowWatchBookmarks=true`);
    await watch.until((events) => events.length === 1);
    api.store.patch(kinds.ConfigMap, "default", "a", { type: "merge", patch: { data: { x: "1" } } });
    api.store.delete(kinds.ConfigMap, "default", "a");
    await watch.closed;
    expect(watch.events.map(({ type, object }) => [type, object.metadata.name])).toEqual([
      ["ADDED", "a"],
      ["MODIFIED", "a"],
      ["DELETED", "a"],
      ["BOOKMARK", undefined],
    ]);
    expect(watch.events.at(-1).object).toMatchObject({
      kind: "ConfigMap",
      metadata: { resourceVersion: String(api.store.revision) },
    });
  });

  it("resumes from a version, streams a list, marks its end, and shows tables", async () => {
    const { metadata } = api.store.create(kinds.ConfigMap, configMap("a", {}));
    api.store.create(kinds.ConfigMap, configMap("b", {}));
    const resumed = api.watch(`${configMaps}?watch=1&resourceVersion=${metadata.resourceVersion}`);
    expect((await resumed.until((events) => events.length === 1))[0].object.metadata.name).toBe("b");
    resumed.stop();
    const streamed = api.watch(
      `${configMaps}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&fieldSelector=metadata.name%3Db`,
      table,
    );
    const events = await streamed.until((seen) => seen.length === 2);
    expect([
      events[0].object.rows[0].cells.slice(0, 2),
      events[1].type,
      events[1].object.rows[0].object.metadata.annotations,
    ]).toEqual([["b", 0], "BOOKMARK", { "k8s.io/initial-events-end": "true" }]);
    streamed.stop();
  });

  it("says 410 in the stream when the version is too old", async () => {
    await api.stop();
    api = await startTestServer({ storeOptions: { history: { changes: 4, bytes: 1e6 } } });
    for (let index = 0; index < 12; index++) api.store.create(kinds.ConfigMap, configMap(`c${index}`, {}));
    const watch = api.watch(`${configMaps}?watch=1&resourceVersion=2`);
    await watch.closed;
    expect(watch.events).toMatchObject([{ type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired" } }]);
  });

  it("ends its watches when it closes", async () => {
    const watch = api.watch(`${configMaps}?watch=1`);
    api.store.create(kinds.ConfigMap, configMap("a", {}));
    await watch.until((events) => events.length === 1);
    await api.server.close();
    await watch.closed;
    api.server.close = () => Promise.resolve();
  });
});
