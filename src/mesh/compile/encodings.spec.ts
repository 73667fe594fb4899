import { beforeEach, describe, expect, it } from "vitest";
import type { KubeObject } from "../../objects/meta.ts";
import { typeUrls, type Change, type MeshCompiler, type Proxy } from "../resource.ts";
import { createMeshCompiler } from "./compiler.ts";
import { registry } from "./testing/registry.ts";

const apps = ["a", "b", "c", "d"];

function service(name: string): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace: "ns" },
    spec: { selector: { app: name }, ports: [{ name: "http", port: 80, targetPort: 8080 }] },
  };
}
function pod(name: string, ip: string): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: `${name}-${ip}`, namespace: "ns", labels: { app: name, "security.istio.io/tlsMode": "istio" } },
    spec: { serviceAccountName: name, containers: [] },
    status: { podIP: ip },
  };
}
function slice(name: string, ips: string[], version = "1"): KubeObject {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name, namespace: "ns", resourceVersion: version, labels: { "kubernetes.io/service-name": name } },
    addressType: "IPv4",
    ports: [{ name: "http", port: 8080 }],
    endpoints: ips.map((ip) => ({
      addresses: [ip],
      conditions: { ready: true },
      targetRef: { kind: "Pod", namespace: "ns", name: `${name}-${ip}` },
    })),
  } as KubeObject;
}
function virtualService(name: string, timeout: string): KubeObject {
  return {
    apiVersion: "networking.istio.io/v1",
    kind: "VirtualService",
    metadata: { name, namespace: "ns" },
    spec: { hosts: [name], http: [{ route: [{ destination: { host: name } }], timeout }] },
  };
}
function proxy(app: string, replica: number): Proxy {
  const ip = `127.9.${replica}.1`;
  return {
    id: `${app}-${replica}`,
    role: "sidecar",
    ip,
    namespace: "ns",
    name: `${app}-${replica}`,
    labels: { app, "pod-template-hash": String(replica) },
    serviceAccount: app,
    cluster: "",
    network: "",
    locality: { region: "r", zone: "z" },
    metadata: { QUIPU_PROXY: `${ip}:15001`, QUIPU_APP_PORTS: { 8080: 20_000 + replica } },
  };
}

describe("encodings", () => {
  let compiler: MeshCompiler;
  let changes: Change[];
  let errors: unknown[];

  /** As a stream would: everything of the wildcard types, then what these mention. */
  function subscribe(proxies: Proxy): void {
    compiler.addProxy(proxies);
    const { clusters } = compiler.snapshot(proxies.id);
    compiler.route(proxies.id, "http_proxy");
    for (const name of clusters.keys()) if (name.startsWith("outbound|")) compiler.endpoints(proxies.id, name);
  }
  function count(act: () => void) {
    const before = { ...compiler.stats.encodings };
    changes = [];
    act();
    compiler.flush();
    const after = compiler.stats.encodings;
    return Object.fromEntries(
      (Object.keys(after) as (keyof typeof after)[]).map((kind) => [kind, after[kind] - before[kind]]),
    );
  }
  const none = { listener: 0, cluster: 0, routeConfiguration: 0, virtualHost: 0, endpoints: 0 };

  beforeEach(() => {
    errors = [];
    compiler = createMeshCompiler({ registry, onError: (error) => errors.push(error) });
    for (const [index, app] of apps.entries()) {
      for (const object of [
        service(app),
        pod(app, `127.9.${index}.1`),
        pod(app, `127.9.${index}.9`),
        slice(app, [`127.9.${index}.1`]),
        virtualService(app, "1s"),
      ])
        compiler.put(object);
    }
    compiler.flush();
    compiler.onChange((told) => changes.push(...told));
    for (const [index, app] of apps.entries()) subscribe(proxy(app, index));
  });

  it("an edited timeout encodes one virtual host, and nobody's clusters or endpoints", () => {
    expect(count(() => compiler.put(virtualService("b", "2s")))).toEqual({
      ...none,
      virtualHost: 1,
      routeConfiguration: 1,
    });
    expect(new Set(changes.map((change) => change.type))).toEqual(new Set([typeUrls.routeConfiguration]));
    expect(changes.flatMap((change) => [...change.proxies]).sort()).toEqual(["a-0", "b-1", "c-2", "d-3"]);
  });

  it("a changed endpoint encodes its load assignment alone", () => {
    expect(count(() => compiler.put(slice("b", ["127.9.1.1", "127.9.1.9"])))).toEqual({ ...none, endpoints: 1 });
    expect(changes.map((change) => [change.type, [...change.names], [...change.proxies].length])).toEqual([
      [typeUrls.endpoints, ["outbound|80||b.ns.svc.cluster.local"], apps.length],
    ]);
  });

  it("a second sidecar of an app encodes only what holds its own addresses", () => {
    expect(count(() => subscribe(proxy("a", 7)))).toEqual({ ...none, listener: 3, cluster: 1 });
  });

  it("an object that comes again unchanged costs nothing", () => {
    expect(
      count(() => {
        compiler.put(slice("b", ["127.9.1.1"], "2"));
        compiler.put(virtualService("c", "1s"));
        compiler.put(service("a"));
      }),
    ).toEqual(none);
    expect(changes).toEqual([]);
  });

  it("only proxies that see an app are told of it", () => {
    compiler.put({
      apiVersion: "networking.istio.io/v1",
      kind: "Sidecar",
      metadata: { name: "a", namespace: "ns" },
      spec: { workloadSelector: { labels: { app: "a" } }, egress: [{ hosts: ["ns/b.ns.svc.cluster.local"] }] },
    });
    compiler.flush();
    expect(count(() => compiler.put(virtualService("c", "3s")))).toMatchObject({ virtualHost: 1 });
    expect(changes.flatMap((change) => [...change.proxies])).not.toContain("a-0");
  });

  it("proxies part when an object begins to tell them apart, and are told what that changes", () => {
    const toCallers = (labels: Record<string, string>): KubeObject => ({
      apiVersion: "networking.istio.io/v1",
      kind: "VirtualService",
      metadata: { name: "b", namespace: "ns" },
      spec: {
        hosts: ["b"],
        http: [
          { match: [{ sourceLabels: labels }], route: [{ destination: { host: "b" } }], timeout: "9s" },
          { route: [{ destination: { host: "b" } }], timeout: "1s" },
        ],
      },
    });
    const version = (id: string) => compiler.route(id, "http_proxy")!.version;
    const told = () => changes.flatMap((change) => [...change.proxies]).sort();
    const before = version("a-0");
    expect(version("b-1")).toBe(before);
    count(() => compiler.put(toCallers({ app: "a" })));
    expect(told()).toContain("a-0");
    expect(version("a-0")).not.toBe(version("b-1"));
    expect(version("c-2")).toBe(version("b-1"));
    count(() => compiler.put(toCallers({ app: "c" })));
    expect(told()).toEqual(expect.arrayContaining(["a-0", "c-2"]));
    expect(version("a-0")).toBe(version("b-1"));
    expect(version("c-2")).not.toBe(version("b-1"));
    count(() => compiler.put(virtualService("b", "1s")));
    expect(apps.map((app, index) => version(`${app}-${index}`))).toEqual(apps.map(() => before));

    // A Sidecar of its own takes away from one what the others keep.
    count(() =>
      compiler.put({
        apiVersion: "networking.istio.io/v1",
        kind: "Sidecar",
        metadata: { name: "a", namespace: "ns" },
        spec: { workloadSelector: { labels: { app: "a" } }, egress: [{ hosts: ["ns/b.ns.svc.cluster.local"] }] },
      }),
    );
    expect(new Set(told())).toEqual(new Set(["a-0"]));
    const gone = changes.find((change) => change.type === typeUrls.cluster)!;
    expect([...gone.names]).toContain("outbound|80||c.ns.svc.cluster.local");
    expect(compiler.snapshot("a-0").clusters.has("outbound|80||c.ns.svc.cluster.local")).toBe(false);
    expect(compiler.snapshot("b-1").clusters.has("outbound|80||c.ns.svc.cluster.local")).toBe(true);
  });

  it("a proxy that has gone is told nothing, and nothing is kept for it", () => {
    for (const [index, app] of apps.entries()) compiler.removeProxy(`${app}-${index}`);
    expect(count(() => compiler.put(virtualService("b", "4s")))).toEqual(none);
    expect(() => compiler.snapshot("a-0")).toThrow("a-0");
  });

  it("a DestinationRule's edit encodes that service's clusters alone: the callers' and the callee's own", () => {
    const rule = (maxConnections: number): KubeObject => ({
      apiVersion: "networking.istio.io/v1",
      kind: "DestinationRule",
      metadata: { name: "b", namespace: "ns" },
      spec: { host: "b", trafficPolicy: { connectionPool: { tcp: { maxConnections } } } },
    });
    compiler.put(rule(1));
    compiler.flush();
    expect(count(() => compiler.put(rule(2)))).toEqual({ ...none, cluster: 2 });
  });

  it("names the objects that a resource was made from", () => {
    expect(compiler.sources("a-0", typeUrls.routeConfiguration, "http_proxy")).toContain("VirtualService/ns/b");
    expect(compiler.sources("a-0", typeUrls.endpoints, "outbound|80||b.ns.svc.cluster.local")).toEqual(
      expect.arrayContaining(["EndpointSlice/ns/b", "Pod/ns/b-127.9.1.1"]),
    );
  });

  it("names the objects of one cluster, not those of all", () => {
    const host = "outbound|80||b.ns.svc.cluster.local";
    const sources = compiler.sources("a-0", typeUrls.cluster, host);
    expect(sources).toContain("Service/ns/b");
    expect(sources).not.toContain("Service/ns/c");
    const inbound = compiler.sources("a-0", typeUrls.cluster, "inbound|8080||");
    expect(inbound).toContain("Service/ns/a");
  });

  it("tells whom an object reaches, and which clusters its routes name for whom", () => {
    compiler.put({
      apiVersion: "networking.istio.io/v1",
      kind: "Sidecar",
      metadata: { name: "a", namespace: "ns" },
      spec: { workloadSelector: { labels: { app: "a" } }, egress: [{ hosts: ["ns/b.ns.svc.cluster.local"] }] },
    });
    compiler.flush();
    const { proxies, resources, named } = compiler.reach(["VirtualService/ns/c"]);
    expect([...proxies].sort()).toEqual(["b-1", "c-2", "d-3"]);
    expect([...resources].map(([type, names]) => [type, [...names]])).toEqual([
      [typeUrls.routeConfiguration, ["http_proxy"]],
    ]);
    expect(named.map((one) => [[...one.clusters], [...one.proxies].sort()])).toEqual([
      [
        ["connect_tunnel", "outbound|80||c.ns.svc.cluster.local"],
        ["b-1", "c-2", "d-3"],
      ],
    ]);
    expect([...compiler.reach(["VirtualService/ns/b", "Sidecar/ns/none"]).proxies]).toContain("a-0");
    const rule = (name: string): KubeObject => ({
      apiVersion: "networking.istio.io/v1",
      kind: "DestinationRule",
      metadata: { name, namespace: "ns" },
      spec: { host: name, subsets: [{ name: "r1", labels: { "quipu.dev/revision": "r1" } }] },
    });
    compiler.put(rule("d"));
    compiler.flush();
    const reach = compiler.reach(["DestinationRule/ns/d"]);
    expect([...(reach.resources.get(typeUrls.cluster) ?? [])].sort()).toEqual([
      "outbound|80|r1|d.ns.svc.cluster.local",
      "outbound|80||d.ns.svc.cluster.local",
    ]);
    expect([...reach.proxies].sort()).toEqual(["b-1", "c-2", "d-3"]);
  });

  it("keeps the last good version when an object can't be compiled", () => {
    const before = compiler.route("a-0", "http_proxy")!.version;
    expect(count(() => compiler.put(virtualService("b", "soon")))).toMatchObject({ virtualHost: 0 });
    expect(changes).toEqual([]);
    expect(compiler.route("a-0", "http_proxy")!.version).toBe(before);
    expect(String(errors[0])).toContain('"soon" is not a duration');
    // Everything else goes on.
    expect(count(() => compiler.put(virtualService("c", "5s")))).toMatchObject({ virtualHost: 1 });
    expect(compiler.route("a-0", "http_proxy")!.version).not.toBe(before);
    expect(count(() => compiler.put(virtualService("b", "5s")))).toMatchObject({ virtualHost: 1 });
  });
});
