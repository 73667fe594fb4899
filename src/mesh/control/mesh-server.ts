import type { FileRegistry } from "@bufbuild/protobuf";
import { collectDefaultMetrics, Counter, Registry } from "prom-client";
import { setImmediate as pause } from "node:timers/promises";
import type { KubeClient } from "../../kube/kube-client.ts";
import { leafTtlMs } from "../identity/leaf.ts";
import type { Clock } from "../identity/leaf.ts";
import type { LeafIssuer } from "../identity/leaf.ts";
import { noSecrets } from "../identity/no-secrets.ts";
import { SecretService } from "../identity/secret-service.ts";
import { cachedReview } from "../identity/token-review.ts";
import type { ReviewToken } from "../identity/token-review.ts";
import { RateLimitService, shouldRateLimitMethod } from "../ratelimit/rate-limit-service.ts";
import type { MeshCompiler } from "../resource.ts";
import { AdsService, deltaMethod } from "../xds/ads-service.ts";
import type { AdsLog } from "../xds/ads-service.ts";
import { GrpcServer } from "../xds/grpc-server.ts";
import { knownPod } from "../xds/proxy-node.ts";
import { XdsMetrics } from "../xds/xds-metrics.ts";
import { controlServer } from "./control-server.ts";
import { disconnectedProxies } from "./disconnected.ts";
import { MeshWatch } from "./mesh-watch.ts";
import { ObjectFeed } from "./object-feed.ts";
import { Trials } from "./trial.ts";
import { takeOver } from "./unix-socket.ts";

export interface MeshServerOptions {
  cluster: string;
  /** Where proxies find it: a Unix socket, which is taken over from a dead process, or an address, by TLS where given (PEM). */
  xds: { socket: string } | { host: string; port: number; tls?: { cert: string; key: string } };
  /** Where the rest of Quipu asks it; absent: nobody does. */
  controlSocket?: string;
  /** Where it counts for rate limits; absent: nowhere, and their ConfigMaps aren't read. */
  rateLimit?: { host: string; port: number };
  /** Its pods have no process behind them, and so no proxies. */
  hollow?: boolean;
  client: Pick<KubeClient, "list" | "watch">;
  /** Undefined: every node is believed, and no proxy gets a secret. */
  reviewToken: ReviewToken | undefined;
  /** Undefined: proxies get their certificates elsewhere (`identitySource` of the compiler). */
  issuer?: LeafIssuer & { readonly rootPem: string; readonly trustDomain: string };
  trustDomain: string;
  compiler: MeshCompiler;
  /** A compiler of the same settings, for trials. */
  newCompiler: (onError: (error: unknown, what: string) => void) => MeshCompiler;
  registry: FileRegistry;
  clock: Clock;
  log: AdsLog & { error(fields: object, message: string): void };
}

/** Good answers about tokens are kept for this long. */
const reviewTtlMs = 60_000;

/**
 * The mesh process of one cluster: watches the Kubernetes API, and serves proxies (xDS), gateways of rate limits, and the rest of Quipu
 * (control). Proxies are served only when the first view is whole: half a configuration would take away what works.
 */
export class MeshServer {
  readonly #options: MeshServerOptions;
  readonly #metrics = new Registry();
  readonly #ads: AdsService;
  readonly #watch: MeshWatch;
  readonly #feed: ObjectFeed;
  readonly #rateLimit: RateLimitService;
  readonly #closers: (() => unknown)[] = [];
  readonly #stop = new AbortController();
  #serving = false;
  /** Unix ms. An earlier process may have served until then. */
  #firstServedAt: number | undefined;

  constructor(options: MeshServerOptions) {
    this.#options = options;
    const { compiler, issuer, clock, log } = options;
    const now = () => clock.now();
    collectDefaultMetrics({ register: this.#metrics });
    this.#metrics.registerMetric(
      new Counter({
        name: "quipu_mesh_encodings_total",
        help: "How often each kind of Envoy resource was encoded.",
        labelNames: ["kind"],
        registers: [],
        collect() {
          this.reset();
          for (const [kind, count] of Object.entries(compiler.stats.encodings)) this.inc({ kind }, count);
        },
      }),
    );
    const secrets = new SecretService({
      issuer,
      clock,
      onError: (error) => log.error({ reason: String(error) }, "a certificate couldn't be issued"),
    });
    this.#rateLimit = new RateLimitService({ now, metrics: this.#metrics });
    this.#ads = new AdsService({
      compiler,
      secrets: options.reviewToken === undefined ? noSecrets : secrets,
      now,
      log,
      metrics: new XdsMetrics(this.#metrics),
      reviewToken:
        options.reviewToken &&
        cachedReview(options.reviewToken, {
          ttlMs: reviewTtlMs,
          now,
          known: ({ namespace, podName, podUid }) => this.#watch.pod(namespace, podName)?.metadata.uid === podUid,
        }),
      pod: (namespace, name) => {
        const pod = this.#watch.pod(namespace, name);
        return pod && knownPod(pod);
      },
    });
    this.#feed = new ObjectFeed(compiler, () => this.#ads.revision, setImmediate);
    this.#watch = new MeshWatch({
      client: options.client,
      feed: this.#feed,
      ...(options.reviewToken !== undefined && { secrets }),
      ...(options.rateLimit !== undefined && { rateLimit: this.#rateLimit }),
      pods: {
        changed: (pod) => this.#ads.podChanged(pod.metadata.namespace ?? "", pod.metadata.name, knownPod(pod)),
        gone: ({ metadata }) => this.#ads.podGone(metadata.namespace ?? "", metadata.name, metadata.uid ?? ""),
      },
      log,
      now,
    });
  }

  /** Objects that were taken in. */
  get objects(): number {
    return this.#feed.objects;
  }

  /** Resolves, with the port of an address, when proxies are served. Rejects when an address can't be had, or when it is closed meanwhile. */
  async start(): Promise<number> {
    const { xds, controlSocket, rateLimit, log } = this.#options;
    const onError = (error: unknown) => log.error({ reason: String(error) }, "a call failed");
    if (controlSocket !== undefined) await this.#startControl(controlSocket);
    if (rateLimit !== undefined) {
      const limits = new GrpcServer({ methods: { [shouldRateLimitMethod]: this.#rateLimit.method }, onError });
      await limits.listen(rateLimit);
      this.#closers.push(() => limits.close(500));
    }

    this.#closers.push(() => this.#watch.stop());
    await this.#watch.start(this.#stop.signal);
    this.#feed.start();
    const server = new GrpcServer({
      methods: { [deltaMethod]: this.#ads.method },
      maxMessageBytes: 64 * 1024 * 1024,
      ...("tls" in xds && xds.tls !== undefined && { tls: xds.tls }),
      onError,
    });
    let port = 0;
    const end = () => {
      this.#ads.close();
      return server.close(1000);
    };
    if ("socket" in xds) this.#closers.push(await takeOver(xds.socket, (path) => server.listen({ path })), end);
    else {
      port = await server.listen({ host: xds.host, port: xds.port });
      this.#closers.push(end);
    }
    this.#firstServedAt = this.#options.clock.now();
    this.#serving = true;
    log.info(
      {
        ...("socket" in xds ? { xdsSocket: xds.socket } : { address: `${xds.host}:${port}` }),
        controlSocket,
        rateLimit,
        objects: this.#feed.objects,
      },
      "the mesh process serves",
    );
    return port;
  }

  async #startControl(controlSocket: string): Promise<void> {
    const { log, trustDomain } = this.#options;
    const now = () => this.#options.clock.now();
    const control = controlServer({
      proxies: this.#ads,
      objects: this.#feed,
      disconnected: () =>
        disconnectedProxies(this.#options.hollow === true ? [] : this.#watch.pods(), this.#ads.pods, {
          firstServedAt: this.#firstServedAt ?? now(),
          ttlMs: leafTtlMs,
        }),
      trials: new Trials({
        newCompiler: () =>
          this.#options.newCompiler((error, what) =>
            log.error({ what, reason: String(error) }, "a trial couldn't compile something"),
          ),
        objects: () => this.#watch.compiled(),
        proxies: () => this.#ads.proxies(),
        trustDomain,
        pause: () => pause(),
      }),
      metrics: this.#metrics,
      registry: () => this.#options.registry,
      trustDomain,
      health: () => ({
        ok: this.#serving,
        cluster: this.#options.cluster,
        proxies: [...this.#ads.proxies()].length,
        objects: this.#feed.objects,
        watches: this.#watch.status(),
      }),
      rateLimit: () => this.#rateLimit.describe(),
    });
    this.#closers.push(
      await takeOver(
        controlSocket,
        (path) => new Promise<void>((resolve, reject) => control.once("error", reject).listen(path, resolve)),
      ),
      () => {
        control.close();
        control.closeAllConnections();
      },
    );
  }

  async close(): Promise<void> {
    this.#stop.abort(new Error("the mesh process is shutting down"));
    this.#serving = false;
    for (const close of this.#closers.splice(0).reverse()) await close();
  }
}
