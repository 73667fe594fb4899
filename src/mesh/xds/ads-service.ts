import type { ReviewToken, TokenIdentity } from "../identity/token-review.ts";
import { secretTypeUrl } from "../identity/secret-resource.ts";
import type { SecretService } from "../identity/secret-service.ts";
import type { Change, MeshCompiler } from "../resource.ts";
import { decodeDeltaRequest } from "./delta-request.ts";
import type { DeltaRequest, DiscoveryNode } from "./delta-request.ts";
import { FrameCache } from "./frame-cache.ts";
import type { GrpcCall, GrpcMethod, GrpcStream } from "./grpc-server.ts";
import { GrpcError, grpcStatus } from "./grpc-status.ts";
import type { GrpcStatus } from "./grpc-status.ts";
import { PodSessions } from "./pod-sessions.ts";
import type { PodSession } from "./pod-sessions.ts";
import { bearerToken, claimedIdentity, outdated, proxyOf } from "./proxy-node.ts";
import type { KnownPod } from "./proxy-node.ts";
import { ProxyStream } from "./proxy-stream.ts";
import type { XdsMetrics } from "./xds-metrics.ts";

export const deltaMethod = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources";

export interface AdsOptions {
  compiler: MeshCompiler;
  secrets: Pick<SecretService, "open">;
  /** Undefined: every node is believed, as on a plain-text port of istiod. Give such proxies no secrets. */
  reviewToken: ReviewToken | undefined;
  /** The pod as the Kubernetes API knows it; undefined: it knows none, or not yet. */
  pod: (namespace: string, name: string) => KnownPod | undefined;
  metrics: XdsMetrics;
  /** Unix ms. */
  now: () => number;
  log: AdsLog;
  /** How long listeners and routes wait for clusters to become warm; 5 s unless told. */
  warmingMs?: number;
}

export interface AdsLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** Aggregated discovery for all proxies of a cluster: `method` is to be served under `deltaMethod`. */
export class AdsService {
  readonly #options: AdsOptions;
  readonly #streams = new Map<string, { stream: ProxyStream; call: GrpcCall }>();
  /** Which pods are connected, and how others were last. */
  readonly pods = new PodSessions();
  readonly #frames = new FrameCache();
  readonly #unsubscribe: () => void;
  #revision = 0;

  constructor(options: AdsOptions) {
    this.#options = options;
    this.#unsubscribe = options.compiler.onChange((changes) => this.#changed(changes));
  }

  /** Connected proxies by node id. */
  proxy(id: string): ProxyStream | undefined {
    return this.#streams.get(id)?.stream;
  }

  *proxies(): Iterable<ProxyStream> {
    for (const { stream } of this.#streams.values()) yield stream;
  }

  /** The number of the latest change that the compiler told. Every `flush` that changes anything is one. */
  get revision(): number {
    return this.#revision;
  }

  /** How many frames were put together; streams that get the same share one. */
  get framesMade(): number {
    return this.#frames.made;
  }

  readonly method: GrpcMethod = async (call) => {
    const { reviewToken } = this.#options;
    if (reviewToken === undefined) return this.#stream(call, undefined);
    try {
      const token = bearerToken(headerText(call.headers["authorization"]));
      const identity = await reviewToken(token).catch((error: unknown) => {
        throw new GrpcError(
          grpcStatus.unavailable,
          `the token can't be reviewed now: ${error instanceof Error ? error.message : String(error)}`,
        );
      });
      if (!identity) throw new GrpcError(grpcStatus.unauthenticated, "the token is not that of a running pod");
      return this.#stream(call, identity);
    } catch (error) {
      this.#refused(error);
      throw error;
    }
  };

  /** A pod is there, or other than it was: a stream that was opened on another footing ends, and comes again on the new one. */
  podChanged(namespace: string, name: string, pod: KnownPod): void {
    for (const session of this.pods.sessions(namespace, name)) {
      const reason = session.stream && outdated(session.stream.proxy, session.podUid, pod);
      if (reason !== undefined) this.#endSession(session, grpcStatus.unavailable, reason);
    }
  }

  /** A pod is known to be deleted: its streams end, and its certificate is renewed no more. */
  podGone(namespace: string, name: string, uid: string): void {
    this.pods.gone(uid);
    for (const session of this.pods.sessions(namespace, name))
      if (session.podUid === uid) this.#endSession(session, grpcStatus.unauthenticated, "its pod was deleted");
  }

  /** Ends every stream, so that proxies connect again (to whoever serves then). */
  close(): void {
    this.#unsubscribe();
    for (const { call } of this.#streams.values()) call.end(grpcStatus.unavailable, "the server is shutting down");
  }

  #stream(call: GrpcCall, proved: TokenIdentity | undefined): GrpcStream {
    // From here on the pod's deletion ends it, whether it has said anything yet or not.
    let session = proved && this.pods.open(call, proved);
    return {
      message: (bytes) => {
        const request = decode(bytes);
        if (!session?.stream) {
          try {
            const node = nodeOf(request);
            const identity = proved ?? claimedIdentity(node, this.#options.pod);
            session ??= this.pods.open(call, identity);
            session.stream = this.#open(call, identity, node);
          } catch (error) {
            this.#refused(error);
            throw error;
          }
        }
        const { stream } = session;
        const rejection = stream.receive(request);
        if (rejection !== undefined)
          this.#options.log.warn(
            { proxy: stream.proxy.id, type: request.typeUrl, rejection },
            "a proxy rejected its configuration",
          );
      },
      drain: () => session?.stream?.drained(),
      halfClosed: () => call.end(grpcStatus.ok),
      closed: () => {
        if (!session) return;
        this.pods.close(session, this.#options.now());
        if (session.stream) this.#closed(session.stream);
      },
    };
  }

  #endSession(session: PodSession, status: GrpcStatus, reason: string): void {
    this.pods.close(session, this.#options.now());
    if (session.stream) {
      this.#options.log.info({ proxy: session.stream.proxy.id, reason }, "a proxy's stream is ended");
      this.#closed(session.stream);
    }
    session.call.end(status, reason);
  }

  #open(call: GrpcCall, identity: TokenIdentity, node: DiscoveryNode): ProxyStream {
    const { compiler, secrets, pod, metrics, now, log, warmingMs = 5000 } = this.#options;
    const proxy = proxyOf(node, identity, pod(identity.namespace, identity.podName));
    // The same pod again: its old connection is dead, whether we have heard of it or not.
    const old = this.#streams.get(proxy.id);
    if (old) {
      this.#closed(old.stream);
      old.call.end(grpcStatus.cancelled, "the proxy has connected anew");
    }
    compiler.addProxy(proxy);
    const stream: ProxyStream = new ProxyStream({
      proxy,
      compiler,
      call,
      metrics,
      now,
      warmingMs,
      frames: this.#frames,
      secrets: secrets.open(proxy, (names) => {
        stream.touch(secretTypeUrl, names);
        stream.pump();
      }),
    });
    this.#streams.set(proxy.id, { stream, call });
    metrics.streams.set(this.#streams.size);
    log.info({ proxy: proxy.id, serviceAccount: proxy.serviceAccount }, "a proxy connected");
    return stream;
  }

  #closed(stream: ProxyStream): void {
    stream.close();
    if (this.#streams.get(stream.proxy.id)?.stream !== stream) return;
    this.#streams.delete(stream.proxy.id);
    this.#options.compiler.removeProxy(stream.proxy.id);
    this.#options.metrics.streams.set(this.#streams.size);
    this.#options.log.info({ proxy: stream.proxy.id }, "a proxy disconnected");
  }

  #changed(changes: readonly Change[]): void {
    this.#revision++;
    const touched = new Set<ProxyStream>();
    for (const { type, proxies, names } of changes) {
      for (const id of proxies) {
        const stream = this.#streams.get(id)?.stream;
        if (!stream) continue;
        stream.touch(type, names, this.#revision);
        touched.add(stream);
      }
    }
    for (const stream of touched) {
      try {
        stream.pump();
      } catch (error) {
        // One proxy's trouble is not the others'.
        this.#options.log.warn({ proxy: stream.proxy.id, reason: String(error) }, "a proxy's changes couldn't be sent");
      }
    }
  }

  #refused(error: unknown): void {
    const status = error instanceof GrpcError ? error.status : grpcStatus.internal;
    this.#options.metrics.refused.inc({ status });
    this.#options.log.warn(
      { status, reason: error instanceof Error ? error.message : String(error) },
      "a stream was refused",
    );
  }
}

function decode(bytes: Buffer): DeltaRequest {
  try {
    return decodeDeltaRequest(bytes);
  } catch (error) {
    throw new GrpcError(
      grpcStatus.invalidArgument,
      `not a DeltaDiscoveryRequest: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function nodeOf({ node }: DeltaRequest): DiscoveryNode {
  if (!node) throw new GrpcError(grpcStatus.invalidArgument, "the first request of a stream carries the node");
  return node;
}

function headerText(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
