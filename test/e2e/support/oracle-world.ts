import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Registry } from "prom-client";
import { createMeshCompiler } from "../../../src/mesh/compile/compiler.ts";
import { envoyRegistry } from "../../../src/mesh/control/envoy-registry.ts";
import { proxyConfig } from "../../../src/mesh/control/proxy-view.ts";
import type { Answer, ProxyConfig } from "../../../src/mesh/explain/question.ts";
import { systemClock } from "../../../src/mesh/identity/clock.ts";
import { SecretService } from "../../../src/mesh/identity/secret-service.ts";
import { RateLimitService, shouldRateLimitMethod } from "../../../src/mesh/ratelimit/rate-limit-service.ts";
import { AdsService, deltaMethod } from "../../../src/mesh/xds/ads-service.ts";
import { GrpcServer } from "../../../src/mesh/xds/grpc-server.ts";
import { XdsMetrics } from "../../../src/mesh/xds/xds-metrics.ts";
import type { KubeObject } from "../../../src/objects/meta.ts";
import { createRoot } from "../../../src/trust/root.ts";
import { startEnvoy, until, type RunningEnvoy } from "./envoy.ts";
import type { Case } from "./oracle-cases.ts";
import { sendPast, sendVia, type Seen } from "./oracle-client.ts";
import { ground, type Places } from "./oracle-ground.ts";
import { globalTokens } from "./oracle-objects.ts";

interface Plan {
  answers: readonly Answer[];
  asked: number;
  held?: Promise<void>;
}

/** Three real Envoys (a caller, two replicas of a callee) under an in-process mesh, and an app that answers as each request's plan says. */
export class OracleWorld {
  readonly places: Places;
  readonly errors: unknown[] = [];
  readonly #plans = new Map<string, Plan>();
  readonly #closers: (() => unknown)[] = [];
  readonly #compiler = createMeshCompiler({
    trustDomain: "quipu.local",
    registry: envoyRegistry(),
    onError: (error) => this.errors.push(error),
  });
  #ads!: AdsService;
  #objects = new Map<string, KubeObject>();
  #certificate = { cert: "", key: "" };

  private constructor() {
    // Tests of other checkouts may run on this machine at the same time.
    const own = (process.pid % 60) * 4;
    const at = (index: number) => `127.251.${own + index}.1`;
    this.places = { ana: at(1), r1: at(2), r2: at(3), limits: { host: at(4), port: 18_081 } };
  }

  static async start(): Promise<OracleWorld> {
    const world = new OracleWorld();
    await world.#start();
    return world;
  }

  async #start(): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), "quipu-oracle-"));
    this.#closers.push(() => rmSync(folder, { recursive: true }));
    const intermediate = await (
      await createRoot({ trustDomain: "quipu.local", now: Date.now() })
    ).issueIntermediate("alpha", { now: Date.now() });
    const issued = await intermediate.issueWorkload({
      spiffeId: "spiffe://quipu.local/ns/one/sa/ana",
      now: Date.now(),
    });
    this.#certificate = { cert: issued.certChainPem, key: issued.keyPem };
    const { ana, r1, r2, limits } = this.places;
    const pods = [
      { pod: "ana", ip: ana, account: "ana", labels: { app: "ana" } },
      ...(
        [
          ["r1", r1],
          ["r2", r2],
        ] as const
      ).map(([revision, ip]) => ({
        pod: `bob-${revision}`,
        ip,
        account: "bob",
        labels: { app: "bob", revision, "security.istio.io/tlsMode": "istio" },
      })),
    ];

    const metrics = new Registry();
    const secrets = new SecretService({
      issuer: intermediate,
      clock: systemClock,
      onError: (error) => this.errors.push(error),
    });
    this.#ads = new AdsService({
      compiler: this.#compiler,
      secrets,
      metrics: new XdsMetrics(metrics),
      now: Date.now,
      warmingMs: 500,
      log: { info() {}, warn() {} },
      reviewToken: async (token) => {
        const found = pods.find(({ pod }) => pod === token);
        return found && { namespace: "one", serviceAccount: found.account, podName: found.pod, podUid: found.pod };
      },
      pod: (_, name) => ({ ip: pods.find(({ pod }) => pod === name)?.ip, gateway: false }),
    });
    const onError = (error: unknown) => this.errors.push(error);
    const xds = new GrpcServer({ methods: { [deltaMethod]: this.#ads.method }, onError });
    const xdsSocket = join(folder, "xds");
    await xds.listen({ path: xdsSocket });
    this.#closers.push(() => {
      this.#ads.close();
      return xds.close(500);
    });
    const service = new RateLimitService({ now: Date.now, metrics });
    const config = `domain: bob.one\ndescriptors: [{ key: limit, value: "1", descriptors: [{ key: x-global, rate_limit: { unit: day, requests_per_unit: ${globalTokens} } }] }]`;
    service.putConfig({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "limits", namespace: "quipu-system" },
      data: { "config.yaml": config },
    });
    const limitServer = new GrpcServer({ methods: { [shouldRateLimitMethod]: service.method }, onError });
    await limitServer.listen(limits);
    this.#closers.push(() => limitServer.close(500));

    const apps = await Promise.all(["r1", "r2"].map((name) => this.#app(name)));
    this.apply(ground(this.places));
    this.#ground = this.#objects;
    this.#objects = new Map();
    const envoys: RunningEnvoy[] = await Promise.all(
      pods.map(({ pod, ip, account, labels }, index) =>
        startEnvoy(folder, {
          role: "sidecar",
          ip,
          pod,
          namespace: "one",
          serviceAccount: account,
          labels,
          cluster: "alpha",
          network: "alpha",
          locality: { region: "south", zone: "a" },
          xdsSocket,
          token: pod,
          proxyAddress: `${ip}:15001`,
          ...(index > 0 && { appPorts: { "8080": (apps[index - 1]!.address() as AddressInfo).port } }),
        }),
      ),
    );
    this.#closers.push(() => Promise.all(envoys.map((envoy) => envoy.stop())));
  }
  #ground = new Map<string, KubeObject>();

  /** Puts these objects in the place of those that were applied last, and waits until all proxies have what comes of it. */
  apply(objects: readonly KubeObject[]): void {
    const next = new Map(
      objects.map((object) => [`${object.kind}/${object.metadata.namespace}/${object.metadata.name}`, object]),
    );
    for (const [key, { kind, metadata }] of this.#objects)
      if (!next.has(key) && !this.#ground.has(key))
        this.#compiler.remove(kind, metadata.namespace ?? "", metadata.name);
    for (const object of next.values()) this.#compiler.put(object);
    this.#compiler.flush();
    this.#objects = next;
  }

  async settled(): Promise<void> {
    await until(
      "all proxies have their configuration",
      () =>
        [...this.#ads.proxies()].length === 3 &&
        [...this.#ads.proxies()].every(({ state }) => state.complete && state.settled()),
      30_000,
    );
    for (const { proxy, state } of this.#ads.proxies()) {
      for (const [type, { rejected }] of state.types)
        if (rejected.size > 0) throw new Error(`${proxy.name} rejects ${type}: ${JSON.stringify([...rejected])}`);
    }
    // An acknowledgement comes from Envoy's main thread; its workers follow.
    await new Promise((resolve) => setTimeout(resolve, 60));
  }

  /** What a proxy has now, as explain takes it. */
  configAt(address: string): ProxyConfig | undefined {
    const stream = [...this.#ads.proxies()].find(({ proxy }) => proxy.ip === address);
    if (stream === undefined) return undefined;
    const { namespace, serviceAccount } = stream.proxy;
    return {
      name: `${serviceAccount}.${namespace}`,
      identity: `spiffe://quipu.local/ns/${namespace}/sa/${serviceAccount}`,
      resources: proxyConfig(stream).map(({ resource }) => resource),
    };
  }

  /** Makes things as the case says, sends its request, and tells what came. */
  async play({ question, held, takeLocal, takeGlobal }: Case): Promise<Seen> {
    const mark = question.headers["x-case"]!;
    const prime = (replica: string, headers: Record<string, string>) =>
      sendVia(this.places.ana, {
        method: "GET",
        url: "http://bob.one/prime",
        headers: { "x-prime": replica, ...headers },
        via: "proxy",
      });
    for (let count = 0; count < takeLocal; count++)
      for (const replica of ["r1", "r2"]) expectOk(await prime(replica, { "x-limited": mark }));
    for (let count = 0; count < takeGlobal; count++) expectOk(await prime("r1", { "x-global": mark }));
    let release = (): void => undefined;
    const holding: Promise<Seen>[] = [];
    if (held > 0) {
      const plan: Plan = {
        answers: [{ status: 200, delayMs: 0 }],
        asked: 0,
        held: new Promise<void>((resolve) => (release = resolve)),
      };
      this.#plans.set(`hold-${mark}`, plan);
      for (let count = 0; count < held; count++)
        for (const replica of ["r1", "r2"]) holding.push(prime(replica, { "x-case": `hold-${mark}` }));
      await until("all held requests have arrived", () => plan.asked === 2 * held);
    }
    this.#plans.set(mark, { answers: question.stated.answers, asked: 0 });
    try {
      return question.direct === undefined
        ? await sendVia(this.places.ana, question)
        : await sendPast(question.direct, this.#certificate, question);
    } finally {
      release();
      for (const seen of await Promise.all(holding)) expectOk(seen);
    }
  }

  async #app(name: string): Promise<Server> {
    const server = createServer((request, response) => {
      request.resume();
      const plan = this.#plans.get(String(request.headers["x-case"]));
      const answer = plan?.answers[Math.min(plan.asked, plan.answers.length - 1)] ?? { status: 200, delayMs: 0 };
      if (plan !== undefined) plan.asked++;
      void (plan?.held ?? Promise.resolve()).then(() =>
        setTimeout(() => {
          if (typeof answer.status === "number") response.writeHead(answer.status, { "x-served-by": name }).end(name);
          else request.socket.destroy();
        }, answer.delayMs),
      );
    });
    server.keepAliveTimeout = 120_000;
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    this.#closers.push(() => {
      server.closeAllConnections();
      server.close();
    });
    return server;
  }

  async stop(): Promise<void> {
    for (const close of this.#closers.reverse()) await close();
  }
}

/** What had to be so before a case's request wasn't: on a busy machine a timeout of the configuration strikes here too. */
export class NotPrepared extends Error {}

function expectOk({ status }: Seen): void {
  if (status !== 200) throw new NotPrepared(`a request that prepares a case got ${status}`);
}
