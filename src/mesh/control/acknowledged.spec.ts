import { expect, test } from "vitest";
import { create, toBinary } from "@bufbuild/protobuf";
import { ListenerSchema } from "#gen/envoy/config/listener/v3/listener_pb.ts";
import { HttpConnectionManagerSchema } from "#gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import { any } from "../compile/encode.ts";
import { typeUrls, type Reach, type TypeUrl } from "../resource.ts";
import { deltaRequest } from "../xds/delta-request.ts";
import type { XdsResource } from "../xds/delta-response.ts";
import type { ProxyStream } from "../xds/proxy-stream.ts";
import { StreamState } from "../xds/stream-state.ts";
import { acknowledged } from "./acknowledged.ts";
import type { ObjectLog } from "./acknowledged.ts";
import { parseQuery } from "./acknowledged-query.ts";

/** A proxy whose resources and answers the test makes by hand; as much of a ProxyStream as is asked for. */
class HandProxy {
  readonly proxy: { id: string };
  readonly resources = new Map<string, XdsResource>();
  readonly state: StreamState;
  readonly nonces = new Map<string, string>();
  #nonce = 0;
  constructor(id: string) {
    this.proxy = { id };
    this.state = new StreamState(this);
  }
  all(type: string): Map<string, XdsResource> {
    return new Map(
      [...this.resources.values()]
        .filter((resource) => resource.type === type)
        .map((resource) => [resource.name, resource]),
    );
  }
  get(type: string, name: string): XdsResource | undefined {
    return this.resources.get(`${type} ${name}`);
  }
  sources(_type: string, name: string): string[] {
    return [`VirtualService/money/${name}`];
  }
  set(type: string, name: string, version: string, revision?: number, bytes = new Uint8Array()): void {
    this.resources.set(`${type} ${name}`, { type, name, version, bytes });
    this.state.touch(type, [name], revision);
    this.send();
  }
  remove(type: string, name: string, revision: number): void {
    this.resources.delete(`${type} ${name}`);
    this.state.touch(type, [name], revision);
    this.send();
  }
  ask(type: string, subscribe: string[] = []): void {
    this.state.receive(deltaRequest(type, { subscribe }));
    this.send();
  }
  answer(type: string, error?: string): void {
    this.state.receive(deltaRequest(type, { nonce: this.nonces.get(type)!, ...(error !== undefined && { error }) }));
    this.send();
  }
  send(): void {
    for (let next = this.state.next(); next; next = this.state.next()) {
      this.nonces.set(next.push.type, String(++this.#nonce));
      next.sent(String(this.#nonce));
    }
  }
}
const { cluster, endpoints, listener, routeConfiguration: route } = typeUrls;

/** Connected, and everything acknowledged. */
function connected(id: string): HandProxy {
  const proxy = new HandProxy(id);
  proxy.set(route, "r", "1");
  for (const type of [cluster, listener]) proxy.ask(type);
  proxy.ask(route, ["r"]);
  proxy.answer(route);
  return proxy;
}
const reachOf = (
  proxies: string[],
  names: Partial<Record<TypeUrl, string[]>> = {},
  clusters: string[] = [],
): Reach => ({
  proxies: new Set(proxies),
  resources: new Map(Object.entries(names).map(([type, list]) => [type as TypeUrl, new Set(list)])),
  named: [{ clusters: new Set(clusters), proxies: new Set(proxies) }],
});
const everyone = reachOf(["a", "b"], { [route]: ["r"] });
const log = (revision: number, { resourceVersion = "50", reach = everyone } = {}): ObjectLog => ({
  compiled: (id) => (id === "VirtualService/money/r" ? { resourceVersion, revision } : undefined),
  gone: (id) => (id === "VirtualService/money/old" ? { revision, reach } : undefined),
  reach: (ids) => (ids.includes("VirtualService/money/r") ? reach : reachOf([])),
});
const object = { kind: "VirtualService", namespace: "money", name: "r" };
const ask = (query: Parameters<typeof acknowledged>[0], proxies: HandProxy[], objects = log(7)) =>
  acknowledged(query, objects, proxies as unknown as ProxyStream[], []);

test("complete exactly when every proxy has acknowledged what the object's change made", () => {
  const [a, b] = [connected("a"), connected("b")];
  for (const proxy of [a, b]) proxy.set(route, "r", "2", 7);
  expect(ask({ objects: [object] }, [a, b])).toMatchObject({ complete: false, connected: 2, acknowledged: 0 });
  a.answer(route);
  expect(ask({ objects: [object] }, [a, b])).toEqual({
    complete: false,
    connected: 2,
    concerned: 2,
    acknowledged: 1,
    unseen: [],
    disconnected: [],
    proxies: [{ id: "b", state: "waiting", lacking: [{ type: "RouteConfiguration", name: "r", held: "1" }] }],
  });
  b.answer(route);
  expect(ask({ objects: [object] }, [a, b])).toMatchObject({ complete: true, acknowledged: 2, proxies: [] });
});

test("later changes of other objects don't hold up the answer", () => {
  const a = connected("a");
  a.set(route, "r", "2", 7);
  a.answer(route);
  a.set(route, "r", "3", 8);
  expect(ask({ objects: [object] }, [a]).complete).toBe(true);
  expect(ask({ objects: [object] }, [a], log(8)).complete).toBe(false);
});

test("a rejection names the objects, and other objects' rejections don't count", () => {
  const a = connected("a");
  a.set(route, "r", "2", 7);
  a.answer(route, "bad regex");
  expect(ask({ objects: [object] }, [a])).toMatchObject({
    complete: false,
    proxies: [
      {
        state: "rejected",
        lacking: [{ name: "r", held: "1", message: "bad regex", objects: ["VirtualService/money/r"] }],
      },
    ],
  });
  expect(ask({ objects: [object] }, [a], log(6)).complete).toBe(true);

  const fresh = new HandProxy("b");
  fresh.set(route, "r", "2");
  for (const type of [cluster, listener]) fresh.ask(type);
  fresh.ask(route, ["r"]);
  fresh.answer(route, "bad regex");
  expect(ask({ objects: [object] }, [fresh], log(6))).toMatchObject({ proxies: [{ state: "rejected" }] });
  const other = { ...log(7), compiled: () => ({ resourceVersion: "1", revision: 7 }) };
  expect(ask({ objects: [{ ...object, name: "s" }] }, [fresh], other)).toMatchObject({ complete: true, concerned: 0 });
});

test("objects not seen yet, older than asked for, or gone", () => {
  const a = connected("a");
  expect(ask({ objects: [{ ...object, name: "new" }] }, [a])).toMatchObject({
    complete: false,
    unseen: ["VirtualService/money/new"],
  });
  expect(ask({ objects: [{ ...object, resourceVersion: "51" }] }, [a])).toMatchObject({
    unseen: ["VirtualService/money/r"],
  });
  expect(ask({ objects: [{ ...object, resourceVersion: "9" }] }, [a]).complete).toBe(true);
  expect(ask({ objects: [{ ...object, deleted: true }] }, [a])).toMatchObject({ unseen: ["VirtualService/money/r"] });
  for (const name of ["old", "never"])
    expect(ask({ objects: [{ ...object, name, deleted: true }] }, [a]).complete).toBe(true);
});

test("only proxies that the objects concern are counted", () => {
  const [a, b] = [connected("a"), connected("b")];
  const reach = reachOf(["a"], { [route]: ["r"] });
  expect(ask({ objects: [object] }, [a, b], log(7, { reach }))).toMatchObject({
    complete: true,
    connected: 2,
    concerned: 1,
    acknowledged: 1,
  });
  // Before the change it was concerned, too: what it has to give up counts.
  b.set(route, "r", "2", 7);
  expect(ask({ objects: [object] }, [a, b], log(7, { reach }))).toMatchObject({
    complete: false,
    concerned: 2,
    acknowledged: 1,
    proxies: [{ id: "b", state: "waiting" }],
  });
});

test("a route counts with the clusters that it names, and these with their endpoints", () => {
  const a = connected("a");
  a.ask(endpoints, []);
  const reach = reachOf(["a"], { [route]: ["r"] }, ["new"]);
  const lacking = (revision = 7) => {
    const { complete, proxies } = ask({ objects: [object] }, [a], log(revision, { reach }));
    return complete || (proxies[0]?.lacking.map(({ type, name }) => `${type} ${name}`) ?? proxies);
  };
  // The cluster of an earlier change is still warming, and the route goes on without it.
  a.set(cluster, "new", "1", 5);
  a.set(endpoints, "new", "1", 5);
  expect(a.state.giveUpOn(cluster, a.nonces.get(cluster)!)).toBe(true);
  a.set(route, "r", "2", 7);
  a.answer(route);
  expect(lacking()).toEqual(["Cluster new"]);
  a.ask(endpoints, ["new"]);
  a.answer(cluster);
  expect(lacking()).toEqual(["ClusterLoadAssignment new"]);
  a.answer(endpoints);
  expect(lacking()).toBe(true);
  // A route whose cluster is taken away is not in service.
  a.remove(cluster, "new", 6);
  expect(lacking()).toEqual(["Cluster new"]);
});

test("a proxy that came back with what an earlier process gave it has nothing of it until it says so", () => {
  const a = new HandProxy("a");
  a.set(route, "r", "2");
  for (const type of [cluster, listener]) a.ask(type);
  a.state.receive(deltaRequest(route, { subscribe: ["r"], initialVersions: new Map([["r", "1"]]) }));
  a.send();
  const restarted = log(0);
  expect(ask({ objects: [object] }, [a], restarted)).toMatchObject({
    complete: false,
    proxies: [{ state: "waiting", lacking: [{ name: "r", held: "1" }] }],
  });
  const deleted = { objects: [{ ...object, name: "long ago", deleted: true }] };
  expect(ask(deleted, [a], restarted).complete).toBe(false);
  a.answer(route);
  expect(ask({ objects: [object] }, [a], restarted).complete).toBe(true);
  expect(ask(deleted, [a], restarted).complete).toBe(true);
});

test("a proxy that hasn't asked for its listener's routes yet is connecting", () => {
  const a = new HandProxy("a");
  const manager = any(HttpConnectionManagerSchema, {
    routeSpecifier: { case: "rds", value: { routeConfigName: "r" } },
  });
  const bytes = toBinary(
    ListenerSchema,
    create(ListenerSchema, {
      filterChains: [{ filters: [{ name: "m", configType: { case: "typedConfig", value: manager } }] }],
    }),
  );
  a.set(listener, "l", "1", undefined, bytes);
  for (const type of [cluster, listener]) a.ask(type);
  a.answer(listener);
  expect(ask({ objects: [object] }, [a])).toMatchObject({ complete: false, proxies: [{ state: "connecting" }] });
  a.set(route, "r", "1");
  a.ask(route, ["r"]);
  a.answer(route);
  expect(ask({ objects: [object] }, [a])).toMatchObject({ complete: true, concerned: 1 });
});

test("a deleted object: acknowledged when all that it had part in has been given up", () => {
  const a = connected("a");
  a.set(cluster, "old", "1", 3);
  a.answer(cluster);
  a.remove(cluster, "old", 7);
  const query = { objects: [{ ...object, name: "old", deleted: true }] };
  const reach = reachOf(["a"], { [cluster]: ["old"] }, ["old"]);
  expect(ask(query, [a], log(7, { reach }))).toMatchObject({ complete: false, concerned: 1 });
  a.answer(cluster);
  expect(ask(query, [a], log(7, { reach }))).toMatchObject({
    complete: true,
    concerned: 1,
    acknowledged: 1,
  });
});

test("a proxy that is only connecting has nothing yet", () => {
  const a = new HandProxy("a");
  a.ask(cluster);
  expect(ask({ objects: [object] }, [a])).toMatchObject({ complete: false, proxies: [{ state: "connecting" }] });
});

test("resources: the newest, or one version", () => {
  const a = connected("a");
  const resource = { type: "RouteConfiguration", name: "r" };
  expect(ask({ resources: [resource] }, [a]).complete).toBe(true);
  expect(ask({ resources: [{ ...resource, type: route, version: "1" }] }, [a]).complete).toBe(true);
  expect(ask({ resources: [{ ...resource, version: "2" }] }, [a]).complete).toBe(false);
  a.set(route, "r", "2");
  expect(ask({ resources: [resource] }, [a]).complete).toBe(false);
  expect(ask({ resources: [{ ...resource, name: "not subscribed" }] }, [a]).complete).toBe(true);
});

test.each([
  ["{", ""],
  ["[]", ""],
  ['{"object":[]}', "object"],
  ['{"objects":{}}', "objects"],
  ['{"objects":[{"kind":"A"}]}', "objects[0].name"],
  ['{"objects":[{"kind":"A","name":"a","resourceVersion":5}]}', "objects[0].resourceVersion"],
  ['{"resources":[{"type":"A","name":"a","x":1}]}', "resources[0].x"],
])("the query %s is refused at %j", (text, field) => {
  expect(() => parseQuery(text)).toThrow(expect.objectContaining({ code: "mesh/bad-query", field }));
});
