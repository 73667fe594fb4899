import { secretTypeUrl } from "../identity/secret-resource.ts";
import type { ProxySecrets } from "../identity/secret-service.ts";
import type { MeshCompiler, Proxy, Snapshot } from "../resource.ts";
import { typeUrls } from "../resource.ts";
import type { DeltaRequest } from "./delta-request.ts";
import type { XdsResource } from "./delta-response.ts";
import type { FrameCache } from "./frame-cache.ts";
import type { GrpcCall } from "./grpc-server.ts";
import { StreamState } from "./stream-state.ts";
import type { later, XdsSource } from "./type-state.ts";
import type { XdsMetrics } from "./xds-metrics.ts";

/** A connected, authenticated proxy: its stream's state, joined to where resources come from and where frames go. */
export class ProxyStream implements XdsSource {
  readonly proxy: Proxy;
  readonly state: StreamState;
  /** Unix ms. */
  readonly connectedAt: number;
  readonly #compiler: MeshCompiler;
  readonly #secrets: ProxySecrets;
  readonly #call: GrpcCall;
  readonly #frames: FrameCache;
  readonly #metrics: XdsMetrics;
  readonly #now: () => number;
  readonly #warmingMs: number;
  readonly #sentAt = new Map<string, number>();
  #snapshot: Snapshot | undefined;
  #room = true;
  #touchedAt: number | undefined;
  #patience: NodeJS.Timeout | undefined;
  #routesPatience: NodeJS.Timeout | undefined;

  constructor(options: {
    proxy: Proxy;
    compiler: MeshCompiler;
    secrets: ProxySecrets;
    call: GrpcCall;
    frames: FrameCache;
    metrics: XdsMetrics;
    now: () => number;
    warmingMs: number;
  }) {
    this.proxy = options.proxy;
    this.#compiler = options.compiler;
    this.#secrets = options.secrets;
    this.#call = options.call;
    this.#frames = options.frames;
    this.#metrics = options.metrics;
    this.#now = options.now;
    this.#warmingMs = options.warmingMs;
    this.connectedAt = options.now();
    this.state = new StreamState(this);
  }

  all(type: string): ReadonlyMap<string, XdsResource> {
    this.#snapshot ??= this.#compiler.snapshot(this.proxy.id);
    if (type === typeUrls.listener) return this.#snapshot.listeners;
    return type === typeUrls.cluster ? this.#snapshot.clusters : none;
  }

  get(type: string, name: string): XdsResource | typeof later | undefined {
    switch (type) {
      case typeUrls.routeConfiguration:
        return this.#compiler.route(this.proxy.id, name);
      case typeUrls.endpoints:
        return this.#compiler.endpoints(this.proxy.id, name);
      case secretTypeUrl:
        return this.#secrets.get(name);
      default:
        return this.all(type).get(name);
    }
  }

  /** Until when the certificates that it was given are good; Unix ms. */
  get certificateUntil(): number | undefined {
    return this.#secrets.certificateUntil();
  }

  /** The objects that a resource was made from; none for secrets. */
  sources(type: string, name: string): string[] {
    const known = Object.values(typeUrls).find((url) => url === type);
    return known === undefined ? [] : this.#compiler.sources(this.proxy.id, known, name);
  }

  /** Returns the rejection's message when the request is one. */
  receive(request: DeltaRequest): string | undefined {
    if (request.typeUrl === secretTypeUrl) this.#secrets.requested(request);
    const outcome = this.state.receive(request);
    const sentAt = this.#sentAt.get(request.typeUrl);
    if (sentAt !== undefined && (outcome === "acknowledged" || outcome === "rejected")) {
      this.#sentAt.delete(request.typeUrl);
      this.#metrics.answered(request.typeUrl, outcome, this.#now() - sentAt);
    }
    if (this.state.routesToCome && request.typeUrl === typeUrls.cluster) this.#expectRoutes();
    this.pump();
    return outcome === "rejected" ? request.error : undefined;
  }

  /** These may have changed, by the change of that number if it was one of objects; `pump` sends what did. */
  touch(type: string, names: Iterable<string>, revision?: number): void {
    if (type === typeUrls.listener || type === typeUrls.cluster) this.#snapshot = undefined;
    this.#touchedAt ??= this.#now();
    this.state.touch(type, names, revision);
  }

  /** The transport has room again. */
  drained(): void {
    this.#room = true;
    this.pump();
  }

  /** Sends whatever may be sent, as long as the transport takes it. */
  pump(): void {
    while (this.#room) {
      const next = this.state.next();
      if (!next) break;
      const frame = this.#frames.frame(next.push);
      this.#room = this.#call.write(frame.bytes);
      next.sent(frame.nonce);
      this.#sentAt.set(next.push.type, this.#now());
      if (next.push.type === typeUrls.cluster) this.#loseNoTime(frame.nonce);
      this.#metrics.pushed(
        next.push.type,
        frame.bytes.length,
        this.#touchedAt === undefined ? undefined : this.#now() - this.#touchedAt,
      );
    }
    if (this.#room) this.#touchedAt = undefined;
  }

  close(): void {
    clearTimeout(this.#patience);
    clearTimeout(this.#routesPatience);
    this.#secrets.close();
  }

  /** It asks for them at once if it has any; a gateway of TCP alone has none. */
  #expectRoutes(): void {
    this.#routesPatience ??= setTimeout(() => {
      this.state.noRoutesToCome();
      this.pump();
    }, this.#warmingMs).unref();
  }

  /** Envoy doesn't answer for clusters until all are warm; one that can't be holds up the rest only for so long. */
  #loseNoTime(nonce: string): void {
    clearTimeout(this.#patience);
    this.#patience = setTimeout(() => {
      if (this.state.giveUpOn(typeUrls.cluster, nonce)) this.pump();
    }, this.#warmingMs).unref();
  }
}

const none: ReadonlyMap<string, XdsResource> = new Map();
