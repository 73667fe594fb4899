import type { DeltaRequest } from "./delta-request.ts";
import type { Push, XdsResource } from "./delta-response.ts";
import { typeUrls } from "../resource.ts";

/** There will be such a resource, but it is still being made; `touch` tells when it is there. */
export const later = Symbol("later");

/** Where a stream finds what its proxy should have now. */
export interface XdsSource {
  /** Everything of a type that is subscribed to by wildcard. */
  all(type: string): ReadonlyMap<string, XdsResource>;
  /** Undefined: there is none, and the proxy is told so. */
  get(type: string, name: string): XdsResource | typeof later | undefined;
}

/** A version that the proxy refused, and its words for it. */
export interface Rejection {
  /** Empty: it refused to give the resource up. */
  readonly version: string;
  readonly message: string;
  /** The changes that it refused; `every` when it refused what it was given at first. */
  readonly revisions: Revisions;
}

const wildcardTypes: ReadonlySet<string> = new Set([typeUrls.listener, typeUrls.cluster]);

interface InFlight {
  readonly nonce: string;
  readonly versions: Map<string, string>;
  readonly removed: readonly string[];
  readonly revisions: Map<string, Revisions>;
}

/** Numbers of the changes that a name waits for: `every` when it was never sent, none for what no change of objects caused. */
export type Revisions = readonly number[];
export const every = 0;
/** Too many to remember. */
export const any = -1;
/** Responses that may be overdue at once. */
const mostOverdue = 16;
/** Above this many, what a stuck name waits for counts as everything. */
const mostRevisions = 64;

/** What is to be sent of a type: resources that are new or changed, and names that are gone. */
export interface Pending {
  readonly changed: readonly XdsResource[];
  readonly removed: readonly string[];
}

/**
 * One resource type on one delta stream (https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol). At most one
 * response is in flight: until it is answered, changes gather as names, and what is sent then is the newest of each.
 */
export class TypeState {
  readonly type: string;
  /** The proxy has asked for this type on this stream. */
  requested = false;
  wildcard = false;
  readonly subscribed = new Set<string>();
  /** Name → version that the proxy is known to hold: acknowledged here, or stated when it reconnected. */
  readonly held = new Map<string, string>();
  readonly rejected = new Map<string, Rejection>();
  inFlight: InFlight | undefined;
  /** Sent, and no longer waited for: they will be answered, in order, or the stream will end. */
  readonly #overdue: InFlight[] = [];
  /** Names that must be answered even when the proxy holds their version. */
  readonly #owed = new Set<string>();
  /** Names that may differ from what is held. Everything else is known to be equal. */
  readonly #dirty = new Map<string, Revisions>();
  #allDirty = false;
  /** Most resources in one response; lowered to find which of many was rejected. */
  #limit = Infinity;

  constructor(type: string) {
    this.type = type;
  }

  /** Takes a request in: acknowledgement or rejection, initial versions, subscriptions. */
  receive(request: DeltaRequest): "acknowledged" | "rejected" | "stale" | "subscribed" {
    const outcome = request.nonce === "" ? "subscribed" : this.#answer(request.nonce, request.error);
    const first = !this.requested;
    this.requested = true;
    if (first) {
      // A first request without names is the old way to say "*", for the types that can be asked for so.
      this.wildcard = request.subscribe.length === 0 && wildcardTypes.has(this.type);
      for (const [name, version] of request.initialVersions) this.held.set(name, version);
      this.#allDirty = true;
    }
    for (const name of request.subscribe) this.#subscribe(name, first);
    for (const name of request.unsubscribe) this.#unsubscribe(name);
    return outcome;
  }

  /** These may have changed at the source, by the change of that number (above 0), if it was one of objects. */
  touch(names: Iterable<string>, revision?: number): void {
    for (const name of names) if (this.wants(name)) this.#soil(name, revision === undefined ? [] : [revision]);
  }

  /**
   * Names that the proxy may not have yet as that change made them; `*`: any. `initially` says which count of those that
   * it is to have for the first time on this stream: all of them unless told.
   */
  *waiting(revision: number, initially: (name: string) => boolean = () => true): Iterable<string> {
    if (this.#allDirty) yield "*";
    const concerned = (name: string, revisions: Revisions) =>
      revisions.includes(revision) || revisions.includes(any) || (revisions.includes(every) && initially(name));
    for (const [name, revisions] of this.#dirty) if (concerned(name, revisions)) yield name;
    for (const { revisions: sent } of this.unanswered())
      for (const [name, revisions] of sent) if (concerned(name, revisions)) yield name;
  }

  /** Responses that the proxy hasn't answered, oldest first. */
  unanswered(): InFlight[] {
    return this.inFlight ? [...this.#overdue, this.inFlight] : [...this.#overdue];
  }

  /** Goes on without the answer to this response, should it still be in flight. False: it isn't, or too many are overdue. */
  giveUpOn(nonce: string): boolean {
    if (this.inFlight?.nonce !== nonce || this.#overdue.length >= mostOverdue) return false;
    this.#overdue.push(this.inFlight);
    this.inFlight = undefined;
    return true;
  }

  /** Sends these again although the proxy holds them (Envoy waits for endpoints after every change of their cluster). */
  owe(names: Iterable<string>): void {
    for (const name of names) if (this.subscribed.has(name)) this.#owed.add(name);
  }

  wants(name: string): boolean {
    return this.wildcard || this.subscribed.has(name);
  }

  /** What the proxy lacks now. Names found to be equal are forgotten, so that asking again is cheap. */
  pending(source: XdsSource): Pending {
    if (this.#allDirty) this.#gather(source);
    const changed: XdsResource[] = [];
    const removed: string[] = [];
    for (const name of new Set([...this.#owed, ...this.#dirty.keys()])) {
      const resource = this.wants(name) ? source.get(this.type, name) : undefined;
      const held = this.#known(name);
      if (resource === later) continue;
      if (resource === undefined) {
        const refused = this.rejected.get(name)?.version === "";
        if (!refused && ((held !== undefined && this.wants(name)) || this.#owed.has(name))) removed.push(name);
        else {
          this.#settle(name);
          if (!refused) this.rejected.delete(name);
        }
      } else if (this.rejected.get(name)?.version === resource.version) {
        this.#settle(name);
      } else if (held !== resource.version || this.#owed.has(name)) {
        changed.push(resource);
      } else {
        this.rejected.delete(name);
        this.#dirty.delete(name);
      }
    }
    return { changed, removed };
  }

  /** Narrows what is pending to one response. Ordered by name: proxies ask in an order of their own, and are to share frames. */
  push({ changed, removed }: Pending): Push {
    const resources = changed.length > 1 ? [...changed].sort((a, b) => (a.name < b.name ? -1 : 1)) : changed;
    return { type: this.type, resources: resources.slice(0, this.#limit), removed };
  }

  /** The push is on its way under this nonce. */
  sent(push: Push, nonce: string): void {
    const versions = new Map(push.resources.map(({ name, version }) => [name, version]));
    const revisions = new Map<string, Revisions>();
    for (const name of [...versions.keys(), ...push.removed]) {
      revisions.set(name, this.#dirty.get(name) ?? []);
      this.#settle(name);
    }
    this.inFlight = { nonce, versions, removed: push.removed, revisions };
  }

  /** Nothing is in flight, pending or still being made. */
  settled(source: XdsSource): boolean {
    if (this.inFlight || this.#overdue.length > 0) return false;
    const { changed, removed } = this.pending(source);
    return changed.length === 0 && removed.length === 0 && this.#owed.size === 0;
  }

  /** The version that the proxy will hold once it has answered everything with yes. */
  #known(name: string): string | undefined {
    for (const { versions, removed } of this.#overdue.toReversed()) {
      if (versions.has(name)) return versions.get(name);
      if (removed.includes(name)) return undefined;
    }
    return this.held.get(name);
  }

  #settle(name: string): void {
    this.#dirty.delete(name);
    this.#owed.delete(name);
  }

  #gather(source: XdsSource): void {
    this.#allDirty = false;
    const names = this.wildcard ? source.all(this.type).keys() : this.subscribed;
    for (const name of names) this.#soil(name, [every]);
    for (const name of this.held.keys()) if (this.wants(name)) this.#soil(name, [every]);
  }

  #soil(name: string, revisions: Revisions): void {
    const all = [...new Set([...(this.#dirty.get(name) ?? []), ...revisions])];
    this.#dirty.set(name, all.length > mostRevisions ? [any] : all);
  }

  #subscribe(name: string, first: boolean): void {
    if (name === "*") {
      this.wildcard = true;
      this.#allDirty = true;
      return;
    }
    this.subscribed.add(name);
    this.#soil(name, [every]);
    // Asked for again, it must be answered: the proxy may have dropped it. Only a reconnect says what is still there.
    if (!first || !this.held.has(name)) this.#owed.add(name);
  }

  #unsubscribe(name: string): void {
    if (name === "*") this.wildcard = false;
    this.subscribed.delete(name);
    if (this.wants(name)) return;
    this.held.delete(name);
    this.rejected.delete(name);
    this.#settle(name);
  }

  #answer(nonce: string, error: string | undefined): "acknowledged" | "rejected" | "stale" {
    const answered = this.unanswered().find((sent) => sent.nonce === nonce);
    if (!answered) return "stale";
    if (answered === this.inFlight) this.inFlight = undefined;
    else this.#overdue.splice(this.#overdue.indexOf(answered), 1);
    if (error !== undefined) {
      this.#reject(answered, error);
      return "rejected";
    }
    for (const [name, version] of answered.versions) {
      if (!this.wants(name)) continue;
      this.held.set(name, version);
      this.rejected.delete(name);
    }
    for (const name of answered.removed) {
      this.held.delete(name);
      this.rejected.delete(name);
    }
    this.#limit = this.#limit * 2 >= 4096 ? Infinity : this.#limit * 2;
    return "acknowledged";
  }

  /**
   * A rejection is of a whole response. Those that its message names are at fault; a lone resource is, too. When neither
   * tells, the response is halved until it does. What wasn't at fault is sent again, since Envoy didn't record it.
   */
  #reject(answered: InFlight, message: string): void {
    const names = [...answered.versions.keys()];
    const lone = names.length === 1 ? names : [];
    const named = names.filter((name) => mentions(message, name));
    const guilty = new Set(named.length > 0 ? named : lone);
    for (const name of names) {
      if (guilty.has(name))
        this.rejected.set(name, {
          version: answered.versions.get(name)!,
          message,
          revisions: answered.revisions.get(name)!,
        });
      else if (this.wants(name)) {
        this.#owed.add(name);
        this.#soil(name, answered.revisions.get(name)!);
      }
    }
    for (const name of answered.removed) {
      if (names.length === 0)
        this.rejected.set(name, { version: "", message, revisions: answered.revisions.get(name)! });
      else this.#soil(name, answered.revisions.get(name)!);
    }
    if (guilty.size === 0 && names.length > 1) this.#limit = Math.ceil(names.length / 2);
  }
}

/** The name as a whole, not as a piece of a longer one. */
function mentions(message: string, name: string): boolean {
  const part = /[\w.|-]/;
  for (let at = message.indexOf(name); at >= 0; at = message.indexOf(name, at + 1)) {
    const before = message[at - 1] ?? "";
    const after = message.slice(at + name.length, at + name.length + 2);
    if (!part.test(before) && !/^(?:[\w|-]|\.\w)/.test(after)) return true;
  }
  return false;
}
