import type { FileRegistry } from "@bufbuild/protobuf";
import { collectDefaultMetrics, Counter, Registry } from "prom-client";
import { setImmediate as pause } from "node:timers/promises";
import type { KubeClient } from "../../kube/kube-client.ts";
import { createMeshCompiler } from "../compile/compiler.ts";
import { leafTtlMs } from "../identity/leaf.ts";
import type { Clock } from "../identity/leaf.ts";
import type { LeafIssuer } from "../identity/leaf.ts";
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
  xdsSocket: string;
  controlSocket: string;
  rateLimit: { host: string; port: number };
  /** Its pods have no process behind them, and so no proxies. */
  hollow?: boolean;
  client: Pick<KubeClient, "list" | "watch">;
  reviewToken: ReviewToken;
  issuer: LeafIssuer & { readonly rootPem: string; readonly trustDomain: string };
  compiler: MeshCompiler;
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
      secrets,
      now,
      log,
      metrics: new XdsMetrics(this.#metrics),
      reviewToken: cachedReview(options.reviewToken, {
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
      secrets,
      rateLimit: this.#rateLimit,
      pods: {
        changed: (pod) => this.#ads.podChanged(pod.metadata.namespace ?? "", pod.metadata.name, knownPod(pod)),
        gone: ({ metadata }) => this.#ads.podGone(metadata.namespace ?? "", metadata.name, metadata.uid ?? ""),
      },
      log,
      now,
    });
  }

  /** Resolves when proxies are served. Rejects when an address can't be had, or when it is closed meanwhile. */
  async start(): Promise<void> {
    const { xdsSocket, controlSocket, rateLimit, log } = this.#options;
    const now = () => this.#options.clock.now();
    const onError = (error: unknown) => log.error({ reason: String(error) }, "a call failed");
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
          createMeshCompiler({
            registry: this.#options.registry,
            trustDomain: this.#options.issuer.trustDomain,
            onError: (error, what) => log.error({ what, reason: String(error) }, "a trial couldn't compile something"),
          }),
        objects: () => this.#watch.compiled(),
        proxies: () => this.#ads.proxies(),
        trustDomain: this.#options.issuer.trustDomain,
        pause: () => pause(),
      }),
      metrics: this.#metrics,
      registry: () => this.#options.registry,
      trustDomain: this.#options.issuer.trustDomain,
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
    const limits = new GrpcServer({ methods: { [shouldRateLimitMethod]: this.#rateLimit.method }, onError });
    await limits.listen(rateLimit);
    this.#closers.push(() => limits.close(500));

    this.#closers.push(() => this.#watch.stop());
    await this.#watch.start(this.#stop.signal);
    this.#feed.start();
    const xds = new GrpcServer({
      methods: { [deltaMethod]: this.#ads.method },
      maxMessageBytes: 64 * 1024 * 1024,
      onError,
    });
    this.#closers.push(await takeOver(xdsSocket, (path) => xds.listen({ path })), () => {
      this.#ads.close();
      return xds.close(1000);
    });
    this.#firstServedAt = now();
    this.#serving = true;
    log.info({ xdsSocket, controlSocket, rateLimit, objects: this.#feed.objects }, "the mesh process serves");
  }

  async close(): Promise<void> {
    this.#stop.abort(new Error("the mesh process is shutting down"));
    this.#serving = false;
    for (const close of this.#closers.splice(0).reverse()) await close();
  }
}
