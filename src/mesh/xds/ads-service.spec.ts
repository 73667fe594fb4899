import { Registry } from "prom-client";
import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { createRoot } from "../../trust/root.ts";
import type { Intermediate } from "../../trust/intermediate.ts";
import { noSecrets } from "../identity/no-secrets.ts";
import { secretTypeUrl } from "../identity/secret-resource.ts";
import { SecretService } from "../identity/secret-service.ts";
import { typeUrls } from "../resource.ts";
import type { Change, MeshCompiler, Proxy, Reach, Resource, TypeUrl } from "../resource.ts";
import { AdsService, deltaMethod } from "./ads-service.ts";
import { GrpcServer } from "./grpc-server.ts";
import type { KnownPod } from "./proxy-node.ts";
import { TestProxy } from "./testing.ts";
import { XdsMetrics } from "./xds-metrics.ts";

/** The same clusters and endpoints for every proxy; counts who is connected. */
class OneConfig implements MeshCompiler {
  readonly stats = { encodings: { listener: 0, cluster: 0, routeConfiguration: 0, virtualHost: 0, endpoints: 0 } };
  readonly proxies = new Map<string, Proxy>();
  readonly resources = new Map<string, Resource>();
  #tell: ((changes: readonly Change[]) => void) | undefined;
  set(type: TypeUrl, name: string, version: string, size = 10): void {
    this.resources.set(`${type} ${name}`, { type, name, version, bytes: Buffer.alloc(size, version) });
    this.#tell?.([{ type, proxies: this.proxies.keys(), names: new Set([name]) }]);
  }
  put(): void {}
  remove(): void {}
  flush(): void {}
  addProxy(proxy: Proxy): void {
    this.proxies.set(proxy.id, proxy);
  }
  removeProxy(id: string): void {
    this.proxies.delete(id);
  }
  snapshot() {
    return {
      listeners: new Map(),
      clusters: new Map(
        [...this.resources.values()]
          .filter(({ type }) => type === typeUrls.cluster)
          .map((resource) => [resource.name, resource]),
      ),
    };
  }
  route(): undefined {
    return undefined;
  }
  endpoints(_id: string, name: string): Resource | undefined {
    return this.resources.get(`${typeUrls.endpoints} ${name}`);
  }
  sources(): string[] {
    return [];
  }
  reach(): Reach {
    return { proxies: new Set(), resources: new Map(), named: [] };
  }
  onChange(listener: (changes: readonly Change[]) => void): () => void {
    this.#tell = listener;
    return () => {};
  }
}

const gateway = { labels: { istio: "ingressgateway" }, gateway: true };
/** Certificates that are to be renewed. */
const renewals = new Set<() => void>();
let reviewed = 0;
let pods: Record<string, KnownPod>;
let issuer: Intermediate;
let compiler: OneConfig;
let ads: AdsService;
let server: GrpcServer;
let secrets: SecretService;
let address: string;
const opened: TestProxy[] = [];
beforeAll(async () => {
  issuer = await (
    await createRoot({ trustDomain: "quipu.local", now: Date.now() })
  ).issueIntermediate("alpha", { now: Date.now() });
});
beforeEach(async () => {
  compiler = new OneConfig();
  renewals.clear();
  reviewed = 0;
  pods = { moved: { ip: "127.0.0.9", gateway: false }, gate: gateway, gate2: gateway };
  secrets = new SecretService({
    issuer,
    clock: {
      now: Date.now,
      schedule: (_, run) => {
        renewals.add(run);
        return () => void renewals.delete(run);
      },
    },
    onError: (error) => {
      throw error;
    },
  });
  ads = new AdsService({
    compiler,
    secrets,
    metrics: new XdsMetrics(new Registry()),
    now: Date.now,
    log: { info() {}, warn() {} },
    reviewToken: async (token) => {
      if (token === "unreachable") throw new Error("no API");
      reviewed++;
      const [namespace, podName] = token.split("/");
      return podName ? { namespace: namespace!, serviceAccount: "app", podName, podUid: token } : undefined;
    },
    pod: (_, pod) => pods[pod],
  });
  server = new GrpcServer({ methods: { [deltaMethod]: ads.method } });
  address = `127.0.0.1:${await server.listen({ host: "127.0.0.1", port: 0 })}`;
});
afterEach(async () => {
  for (const proxy of opened.splice(0)) proxy.close();
  await server.close(200);
});
function proxy(pod: string, options: Partial<ConstructorParameters<typeof TestProxy>[1]> = {}): TestProxy {
  const made = new TestProxy(address, { pod, token: `money/${pod}`, ...options });
  opened.push(made);
  return made;
}
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}

test.each([
  ["no token", { token: undefined }, 16],
  ["an unknown token", { token: "stolen" }, 16],
  ["another pod's token", { token: "money/other" }, 7],
  ["another namespace's token", { token: "food/a" }, 7],
  ["an address that the pod doesn't have", { pod: "moved", token: "money/moved" }, 7],
  [
    "a sidecar's pod that claims to be a gateway",
    { pod: "moved", token: "money/moved", ip: "127.0.0.9", role: "router" },
    7,
  ],
  ["a gateway without a pod", { role: "router" }, 14],
  ["a token that can't be reviewed now", { token: "unreachable" }, 14],
])("%s: the stream is refused", async (_, options, status) => {
  const stranger = proxy("a", options);
  stranger.send(secretTypeUrl, { subscribe: ["default"] });
  expect((await stranger.ended).code).toBe(status);
  expect(compiler.proxies.size).toBe(0);
});

test("proxies with the same configuration share frames; a change is put together once", async () => {
  compiler.set(typeUrls.cluster, "a", "1");
  const proxies = ["p", "q", "r"].map((pod) => proxy(pod));
  for (const each of proxies) each.send(typeUrls.cluster);
  for (const each of proxies) expect((await each.take()).resources.map(({ version }) => version)).toEqual(["1"]);
  await until(() => [...ads.proxies()].every(({ state }) => state.settled()));
  expect(ads.framesMade).toBe(1);
  compiler.set(typeUrls.cluster, "a", "2");
  for (const each of proxies) expect((await each.take()).resources.map(({ version }) => version)).toEqual(["2"]);
  expect(ads.framesMade).toBe(2);
});

test("a proxy that doesn't read gets the latest once, not everything that was in between", async () => {
  const big = 300_000;
  for (const name of ["a", "b"]) compiler.set(typeUrls.endpoints, name, "0", big);
  const slow = proxy("slow");
  slow.send(typeUrls.endpoints, { subscribe: ["a", "b"] });
  slow.pause();
  await until(() => ads.proxy(slow.id)?.state.types.get(typeUrls.endpoints)?.inFlight !== undefined);
  for (let version = 1; version <= 50; version++)
    for (const name of ["a", "b"]) compiler.set(typeUrls.endpoints, name, String(version % 10) + version, big);
  slow.resume();
  const versions = async () => (await slow.take()).resources.map(({ version }) => version);
  expect(await versions()).toEqual(["0", "0"]);
  expect(await versions()).toEqual(["050", "050"]);
  await until(() => ads.proxy(slow.id)!.state.settled());
});

test("a pod that connects again replaces its old stream; the end of the old one doesn't remove it", async () => {
  const old = proxy("p");
  old.send(typeUrls.cluster);
  await until(() => compiler.proxies.size === 1);
  const anew = proxy("p");
  anew.send(typeUrls.cluster);
  expect((await old.ended).details).toMatch(/anew/);
  compiler.set(typeUrls.cluster, "a", "1");
  expect((await anew.take()).resources).toHaveLength(1);
  expect(compiler.proxies.size).toBe(1);
  anew.close();
  await until(() => compiler.proxies.size === 0);
});

test("secrets: each its own certificate, the root for all, a gateway's TLS secrets for gateways of that namespace alone", async () => {
  secrets.putSecret({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { namespace: "money", name: "shop" },
    data: { "tls.crt": btoa("CHAIN"), "tls.key": btoa("KEY") },
  });
  const names = ["default", "ROOTCA", "kubernetes://shop"];
  const take = async (each: TestProxy) => {
    each.send(secretTypeUrl, { subscribe: names });
    const got: string[] = [];
    const removed: string[] = [];
    let leaf = "";
    while (got.length + removed.length < 3) {
      const response = await each.take();
      got.push(...response.resources.map(({ name }) => name));
      removed.push(...response.removed);
      leaf ||= Buffer.from(response.resources.find(({ name }) => name === "default")?.bytes ?? []).toString("latin1");
    }
    return { got: got.sort(), removed, leaf };
  };
  const sidecar = await take(proxy("p"));
  expect(sidecar).toMatchObject({ got: ["ROOTCA", "default"], removed: ["kubernetes://shop"] });
  const second = await take(proxy("q"));
  expect(second.leaf).toContain("PRIVATE KEY");
  expect(second.leaf).not.toBe(sidecar.leaf);
  expect(await take(proxy("gate", { role: "router" }))).toMatchObject({
    got: ["ROOTCA", "default", "kubernetes://shop"],
    removed: [],
  });
  expect(await take(proxy("gate2", { role: "router", namespace: "food", token: "food/gate2" }))).toMatchObject({
    removed: ["kubernetes://shop"],
  });
});

test("a gateway hears of its secret's change, and a rejected push is known with its words", async () => {
  const gate = proxy("gate", { role: "router" });
  gate.send(secretTypeUrl, { subscribe: ["kubernetes://shop"] });
  expect((await gate.take()).removed).toEqual(["kubernetes://shop"]);
  secrets.putSecret({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { namespace: "money", name: "shop" },
    data: { "tls.crt": btoa("CHAIN"), "tls.key": btoa("KEY") },
  });
  const {
    resources: [secret],
    nonce,
  } = await gate.next();
  expect(secret?.name).toBe("kubernetes://shop");
  gate.send(secretTypeUrl, { nonce, error: "no start line" });
  const rejected = () => ads.proxy(gate.id)!.state.types.get(secretTypeUrl)!.rejected.get("kubernetes://shop");
  await until(() => rejected() !== undefined);
  expect(rejected()).toMatchObject({ version: secret?.version, message: "no start line" });
});

test("when its pod is deleted, a stream ends, its certificate is renewed no more, and a late stream is refused", async () => {
  const certificates = async (each: TestProxy) => {
    each.send(secretTypeUrl, { subscribe: ["default"] });
    return (await each.take()).resources.length;
  };
  const p = proxy("p");
  expect(await certificates(p)).toBe(1);
  const q = proxy("q");
  expect(await certificates(q)).toBe(1);
  expect(renewals.size).toBe(2);
  const silent = proxy("p");
  await until(() => reviewed === 3);
  ads.podGone("money", "p", "money/p");
  expect(await p.ended).toMatchObject({ code: 16, details: "its pod was deleted" });
  expect((await silent.ended).code).toBe(16);
  expect([...ads.proxies()].map((stream) => stream.proxy.name)).toEqual(["q"]);
  expect(renewals.size).toBe(1);
  const again = proxy("p");
  again.send(secretTypeUrl, { subscribe: ["default"] });
  expect((await again.ended).code).toBe(16);
});

test("when the labels of its pod change, a proxy comes again and is served by the new ones", async () => {
  pods["p"] = { uid: "money/p", labels: { app: "a" }, gateway: false };
  const before = proxy("p", { metadata: { LABELS: { app: "other" } } });
  before.send(typeUrls.cluster);
  await until(() => compiler.proxies.size === 1);
  expect([...compiler.proxies.values()][0]?.labels).toEqual({ app: "a" });
  ads.podChanged("money", "p", pods["p"]);
  expect(compiler.proxies.size).toBe(1);
  pods["p"] = { ...pods["p"], labels: { app: "b" } };
  ads.podChanged("money", "p", pods["p"]);
  expect((await before.ended).code).toBe(14);
  proxy("p").send(typeUrls.cluster);
  await until(() => compiler.proxies.size === 1);
  expect([...compiler.proxies.values()][0]?.labels).toEqual({ app: "b" });
});

test("without tokens a node is believed: configuration comes, secrets don't", async () => {
  compiler.set(typeUrls.cluster, "c1", "1");
  const believing = new AdsService({
    ...{ compiler, secrets: noSecrets, metrics: new XdsMetrics(new Registry()), now: Date.now, reviewToken: undefined },
    log: { info() {}, warn() {} },
    pod: () => ({ uid: "u", serviceAccount: "app", gateway: false }),
  });
  const open = new GrpcServer({ methods: { [deltaMethod]: believing.method } });
  const a = new TestProxy(`127.0.0.1:${await open.listen({ host: "127.0.0.1", port: 0 })}`, { pod: "a" });
  a.send(typeUrls.cluster);
  expect(await a.take()).toMatchObject({ resources: [{ name: "c1" }] });
  a.send(secretTypeUrl, { subscribe: ["default"] });
  expect(await a.take()).toMatchObject({ resources: [], removed: ["default"] });
  expect([...compiler.proxies.values()]).toMatchObject([{ namespace: "money", name: "a", serviceAccount: "app" }]);
  believing.podGone("money", "a", "u");
  expect([(await a.ended).code, compiler.proxies.size]).toEqual([16, 0]);
  await open.close(200);
});
