import type { DeltaRequest } from "./delta-request.ts";
import type { Push } from "./delta-response.ts";
import { typeUrls } from "../resource.ts";
import { TypeState } from "./type-state.ts";
import type { Pending, XdsSource } from "./type-state.ts";

/**
 * One proxy's aggregated stream without its I/O: requests in, pushes out. Whoever owns it calls `next` whenever the
 * transport has room, and it gives the newest that may be sent, or nothing.
 *
 * Order is make-before-break. Clusters are added first; their endpoints and everything else that clusters warm with go
 * out at once, since Envoy holds back the acknowledgement of clusters until they are warm; listeners and routes follow when the
 * clusters are acknowledged; clusters that are gone are taken away when listeners and routes have let go of them.
 * A cluster that can't become warm (its certificate doesn't exist) mustn't hold up all others for ever: see `giveUpOn`.
 */
export class StreamState {
  readonly #source: XdsSource;
  readonly #types = new Map<string, TypeState>();
  /** It came back with clusters, and with routes to them of which it hasn't told yet. */
  #routesToCome = false;

  constructor(source: XdsSource) {
    this.#source = source;
  }

  get types(): ReadonlyMap<string, TypeState> {
    return this.#types;
  }

  receive(request: DeltaRequest): ReturnType<TypeState["receive"]> {
    const first = !this.#types.has(request.typeUrl);
    const outcome = this.#type(request.typeUrl).receive(request);
    if (first && request.typeUrl === typeUrls.endpoints) this.#oweToWarming(request.subscribe);
    if (first && request.typeUrl === typeUrls.cluster) this.#routesToCome = request.initialVersions.size > 0;
    if (request.typeUrl === typeUrls.routeConfiguration) this.#routesToCome = false;
    return outcome;
  }

  /** These may have changed at the source, by the change of that number, if it was one of objects. */
  touch(type: string, names: Iterable<string>, revision?: number): void {
    this.#types.get(type)?.touch(names, revision);
  }

  /** The next response and the state that must be told once it is on its way. */
  next(): { push: Push; sent(nonce: string): void } | undefined {
    const found = this.#clusterChanges() ?? this.#endpoints() ?? this.#others() ?? this.#afterClusters();
    if (!found) return undefined;
    const push = found.state.push(found.pending);
    return {
      push,
      sent: (nonce) => {
        found.state.sent(push, nonce);
        // A changed cluster warms anew and waits for endpoints, whether they changed or not.
        if (push.type === typeUrls.cluster)
          this.#types.get(typeUrls.endpoints)?.owe(push.resources.map(({ name }) => name));
      },
    };
  }

  /** True from a proxy's coming back, until it asks for routes: clusters that they may name aren't taken away before. */
  get routesToCome(): boolean {
    return this.#routesToCome;
  }

  /** It doesn't ask for routes: it has none. */
  noRoutesToCome(): void {
    this.#routesToCome = false;
  }

  /** Goes on without the answer to this response. True when that may let others go. */
  giveUpOn(type: string, nonce: string): boolean {
    return this.#types.get(type)?.giveUpOn(nonce) ?? false;
  }

  /** Everything asked for is acknowledged (or known to be rejected). */
  settled(): boolean {
    for (const state of this.#types.values()) if (!state.settled(this.#source)) return false;
    return true;
  }

  /** It has asked for clusters and listeners: before that, nobody can say that it has everything. */
  get complete(): boolean {
    return this.#types.has(typeUrls.cluster) && this.#types.has(typeUrls.listener);
  }

  #type(type: string): TypeState {
    let state = this.#types.get(type);
    if (!state) this.#types.set(type, (state = new TypeState(type)));
    return state;
  }

  /**
   * What warms waits for endpoints, also for those that Envoy had before this connection. It asks for clusters first: one
   * that has changed may have been sent to it by now. On a new connection while some warm from before it holds back all that
   * it says of clusters until their endpoints are there; which those are, nobody knows.
   */
  #oweToWarming(subscribed: readonly string[]): void {
    const clusters = this.#types.get(typeUrls.cluster);
    const warming = clusters?.unanswered().flatMap(({ versions }) => [...versions.keys()]) ?? subscribed;
    this.#type(typeUrls.endpoints).owe(warming);
  }

  #pending(type: string): { state: TypeState; pending: Pending } | undefined {
    const state = this.#types.get(type);
    if (!state?.requested || state.inFlight) return undefined;
    const pending = state.pending(this.#source);
    return pending.changed.length > 0 || pending.removed.length > 0 ? { state, pending } : undefined;
  }

  #clusterChanges(): { state: TypeState; pending: Pending } | undefined {
    const found = this.#pending(typeUrls.cluster);
    return found && found.pending.changed.length > 0
      ? { state: found.state, pending: { changed: found.pending.changed, removed: [] } }
      : undefined;
  }

  #endpoints(): { state: TypeState; pending: Pending } | undefined {
    const found = this.#pending(typeUrls.endpoints);
    if (!found) return undefined;
    const { state, pending } = found;
    // Endpoints that are gone stay until their cluster is; a name that never was is answered at once, for Envoy waits.
    const clusters = this.#types.get(typeUrls.cluster);
    const keep = clusters?.requested === true && !clusters.settled(this.#source);
    const removed = keep ? pending.removed.filter((name) => !state.held.has(name)) : pending.removed;
    return pending.changed.length > 0 || removed.length > 0
      ? { state, pending: { changed: pending.changed, removed } }
      : undefined;
  }

  #others(): { state: TypeState; pending: Pending } | undefined {
    for (const type of this.#types.keys()) {
      if (ordered.has(type)) continue;
      const found = this.#pending(type);
      if (found) return found;
    }
    return undefined;
  }

  #afterClusters(): { state: TypeState; pending: Pending } | undefined {
    const clusters = this.#types.get(typeUrls.cluster);
    if (clusters?.inFlight) return undefined;
    const found = this.#pending(typeUrls.listener) ?? this.#pending(typeUrls.routeConfiguration);
    if (found) return found;
    const waiting = [typeUrls.listener, typeUrls.routeConfiguration].some((type) => this.#types.get(type)?.inFlight);
    return waiting || this.#routesToCome ? undefined : this.#pending(typeUrls.cluster);
  }
}

const ordered: ReadonlySet<string> = new Set(Object.values(typeUrls));
