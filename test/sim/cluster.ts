import type { HomeLane, Seen } from "../../src/model/rows.ts";
import type { InForce } from "../../src/store/in-force.ts";
import type { VirtualClock } from "./clock.ts";
import type { Lie, PodSet } from "./pods.ts";
import { isNothingTo } from "./view-of.ts";
import { meshKinds, objectKinds, type Proxy, type Views } from "./proxy.ts";
import type { Random } from "./random.ts";
import { imageIn, truthOf } from "./truth.ts";

/** What a cluster tells about itself, and to whom it matters. */
export interface ClusterEvents {
  report(seen: Seen): void;
  /** Pods of a revision are about to go because the cluster was told so. */
  removed(cluster: SimCluster, pods: PodSet): void;
  /** undefined: pods, or more than one proxy. */
  changed(proxy?: Proxy): void;
}

/**
 * A cluster with its worker, its mesh and its proxies. What it has is always what was in force at some revision, kind by
 * kind: the worker applies the newest, in any order, while it has contact; the mesh gives proxies what the cluster has. Nothing in it is a promise: whoever it tells hears by messages.
 */
export class SimCluster {
  readonly name: string;
  readonly views: Views;
  applied = 0;
  readonly pods = new Map<string, PodSet>();
  readonly proxies = new Set<Proxy>();
  contact = true;
  /** Pods that find no room stay pending. */
  capacity = Infinity;
  deaf = false;
  readonly lies = new Map<string, Lie>();
  #desired: InForce;
  readonly #relevant: number[] = [];
  readonly #leads: readonly string[];
  #applying = false;
  #serial = 0;
  #last: Seen["ready"] = {};
  readonly #clock: VirtualClock;
  readonly #random: Random;
  readonly #events: ClusterEvents;

  /** `leads`: clusters whose lanes are followed here. */
  constructor(
    name: string,
    leads: readonly string[],
    empty: InForce,
    clock: VirtualClock,
    random: Random,
    events: ClusterEvents,
  ) {
    this.name = name;
    this.#leads = leads;
    this.#desired = empty;
    this.views = { pods: empty, subsets: empty, routes: empty, scope: empty, permits: empty };
    this.#clock = clock;
    this.#random = random;
    this.#events = events;
    this.gateway();
  }

  gateway(): void {
    for (const proxy of this.proxies) if (proxy.app === null) this.#drop(proxy);
    this.#proxy(null, null);
  }

  /** The worker hears what is in force. Where nothing of it is for this cluster, there is nothing to do. */
  want(view: InForce): void {
    if (view.revision <= this.#desired.revision) return this.#work();
    const idle = !this.#applying && this.applied >= this.#desired.revision;
    const concerns = this.#concerns(view);
    this.#desired = view;
    if (concerns) this.#relevant.push(view.revision);
    if (concerns || !idle) return this.#work();
    this.applied = view.revision;
    this.report();
  }

  #concerns(view: InForce): boolean {
    const old = this.#desired;
    return (
      view.rosters !== old.rosters ||
      [this.name, ...this.#leads].some((cluster) => view.lanes.get(cluster) !== old.lanes.get(cluster))
    );
  }

  /** The newest revision up to this one that made any difference here. */
  relevant(revision: number): number {
    return this.#relevant.findLast((each) => each <= revision) ?? 0;
  }

  setContact(contact: boolean): void {
    this.contact = contact;
    this.report();
    if (contact) this.#work();
  }

  #work(): void {
    if (this.#applying || !this.contact || this.applied >= this.#desired.revision) return;
    this.#applying = true;
    const target = this.#desired;
    this.#apply(target, inOrder(this.#random.shuffled(objectKinds)));
  }

  #apply(target: InForce, left: (keyof Views)[]): void {
    this.#clock.quietly(this.#random.delay(40, 1500), () => {
      if (!this.contact) {
        this.#applying = false;
        return;
      }
      const [kind, ...rest] = left;
      this.views[kind!] = target;
      if (kind === "pods") {
        this.#reconcile();
        this.#events.changed();
      } else for (const proxy of this.proxies) this.push(proxy);
      if (rest.length > 0) this.#apply(target, rest);
      else {
        this.applied = target.revision;
        this.#applying = false;
        this.report();
        this.#work();
      }
    });
  }

  home(view: InForce, app: string): HomeLane | undefined {
    const lane = view.lanes.get(this.name)?.get(app)?.value;
    return lane?.kind === "home" ? lane : undefined;
  }

  /** Deployments as they are wanted: pods come and go. */
  #reconcile(): void {
    const view = this.views.pods;
    const wanted = new Set<string>();
    for (const [app, { value: lane }] of view.lanes.get(this.name) ?? []) {
      if (lane.kind !== "home") continue;
      const scale = view.snapshots.get(lane.scale);
      const min = scale?.part === "scale" ? scale.value.min : 1;
      for (const [revision, hash] of Object.entries(lane.live)) {
        const key = `${app}/${revision}`;
        wanted.add(key);
        const workload = view.snapshots.get(hash);
        const drainMs = workload?.part === "workload" ? workload.value.drainMs : 0;
        let pods = this.pods.get(key);
        if (pods === undefined) {
          const proxy = this.#proxy(app, revision);
          pods = {
            app,
            revision,
            hash,
            drainMs,
            want: 0,
            ready: 0,
            starting: 0,
            crashed: false,
            toldReady: false,
            proxy,
          };
          this.pods.set(key, pods);
        }
        pods.want = lane.floors[revision] ?? min;
      }
    }
    for (const [key, pods] of this.pods)
      if (!wanted.has(key)) {
        this.#events.removed(this, pods);
        this.#drop(pods.proxy);
        this.pods.delete(key);
        pods.want = 0;
      }
    this.fill();
  }

  /** Starts pods that are wanted, as far as there is room, and stops those that aren't. */
  fill(): void {
    let room = this.capacity - [...this.pods.values()].reduce((sum, { ready, starting }) => sum + ready + starting, 0);
    for (const pods of this.pods.values()) {
      if (pods.ready > pods.want) {
        pods.ready = pods.want;
        this.report();
      }
      while (pods.ready + pods.starting < pods.want && room > 0 && !pods.crashed) {
        room--;
        pods.starting++;
        this.#start(pods);
      }
    }
  }

  #start(pods: PodSet): void {
    const truth = truthOf(imageIn(this.views.pods, pods.hash));
    this.#clock.quietly(this.#random.delay(2000, 20_000), () => {
      if (truth === "never") return;
      pods.starting--;
      if (pods.crashed || this.pods.get(`${pods.app}/${pods.revision}`) !== pods) return;
      if (pods.ready < pods.want) pods.ready++;
      this.report();
      if (truth === "crash" && pods.ready === 1)
        this.#clock.quietly(this.#random.int(10_000, 60_000), () => this.crash(pods, undefined));
    });
  }

  /** All pods of a revision end by themselves; forMs undefined: for good. */
  crash(pods: PodSet, forMs: number | undefined): void {
    pods.crashed = true;
    pods.ready = 0;
    pods.starting = 0;
    this.report();
    if (forMs !== undefined)
      this.#clock.quietly(forMs, () => {
        pods.crashed = false;
        this.fill();
      });
  }

  #proxy(app: string | null, revision: string | null): Proxy {
    const { views } = this;
    const proxy: Proxy = {
      id: `${app ?? "gateway"}-${revision ?? ""}-${++this.#serial}.${this.name}`,
      cluster: this.name,
      app,
      revision,
      connected: true,
      held: false,
      rejecting: false,
      excused: false,
      certificateUntil: Infinity,
      config: { ...views },
      former: null,
      acknowledged: Math.min(...meshKinds.map((kind) => views[kind].revision)),
      pushing: false,
      stream: 0,
      gone: false,
      using: new Map(),
      lastUsed: new Map(),
    };
    this.proxies.add(proxy);
    return proxy;
  }

  #drop(proxy: Proxy): void {
    proxy.gone = true;
    proxy.stream++;
    this.proxies.delete(proxy);
  }

  /** The pod behind a proxy is replaced by another: it begins with what the cluster has now. */
  replace(proxy: Proxy): void {
    if (proxy.gone) return;
    if (proxy.app === null) return this.gateway();
    const pods = this.pods.get(`${proxy.app}/${proxy.revision}`)!;
    this.#drop(proxy);
    pods.proxy = this.#proxy(proxy.app, proxy.revision);
    this.#events.changed();
  }

  disconnect(proxy: Proxy, now: number, certificateMs: number): void {
    if (proxy.gone) return;
    // One that is away already gets no new certificate by that.
    const certificateUntil = Math.min(proxy.certificateUntil, now + certificateMs);
    Object.assign(proxy, { connected: false, excused: true, certificateUntil, pushing: false });
    proxy.stream++;
  }

  reconnect(proxy: Proxy): void {
    if (proxy.gone) return;
    Object.assign(proxy, { connected: true, held: false, rejecting: false });
    // One that had expired is renewed only with the newest configuration.
    if (proxy.certificateUntil > this.#clock.now()) proxy.certificateUntil = Infinity;
    this.push(proxy);
  }

  /** Gives a proxy what the cluster has: subsets come before the routes that name them, and go after them. */
  push(proxy: Proxy): void {
    if (proxy.gone || !proxy.connected || proxy.held || proxy.pushing) return;
    if (
      !proxy.excused &&
      meshKinds.every((kind) => isNothingTo(proxy, this.#leads, proxy.config[kind], this.views[kind]))
    ) {
      proxy.config = { ...this.views };
      proxy.acknowledged = Math.min(...meshKinds.map((kind) => this.views[kind].revision));
      return;
    }
    proxy.pushing = true;
    const stream = ++proxy.stream;
    const later = (then: () => void): void => {
      this.#clock.quietly(this.#random.delay(20, 2000), () => {
        if (proxy.stream !== stream || proxy.gone) return;
        if (proxy.held || proxy.rejecting) {
          proxy.pushing = false;
          return;
        }
        then();
        this.#events.changed(proxy);
      });
    };
    later(() => {
      const views = { ...this.views };
      proxy.former = proxy.config.subsets;
      proxy.config = { ...proxy.config, subsets: views.subsets, permits: views.permits };
      later(() => {
        proxy.config = { ...proxy.config, routes: views.routes, scope: views.scope };
        later(() => {
          proxy.former = null;
          proxy.excused = false;
          proxy.certificateUntil = Infinity;
          proxy.acknowledged = Math.min(...meshKinds.map((kind) => views[kind].revision));
          proxy.pushing = false;
          this.push(proxy);
        });
      });
    });
  }

  /** What its worker tells now, whether true or not. */
  seen(): Seen {
    const ready: Seen["ready"] = {};
    for (const { app, revision, ready: up, want, crashed, hash } of this.pods.values()) {
      const truth = truthOf(imageIn(this.views.pods, hash));
      const lie = this.lies.get(app);
      const told = lie === "early" ? want : lie === "late" ? 0 : lie === "flap" && this.#random.chance(0.5) ? 0 : up;
      const reason = crashed ? "CrashLoopBackOff: exited with 1" : truth === "never" ? "still starting" : undefined;
      (ready[app] ??= {})[revision] = {
        ready: told,
        total: want,
        ...(reason !== undefined && told < want && { reason }),
      };
      const stale = lie === "stale" ? this.#last[app]?.[revision] : undefined;
      if (stale !== undefined) ready[app][revision] = stale;
    }
    if (this.contact) this.#last = ready;
    return {
      cluster: this.name,
      applied: this.applied,
      ready: this.#last,
      at: this.#clock.now(),
      ...(!this.contact && { error: `${this.name} can't be reached` }),
    };
  }

  report(): void {
    this.#events.report(this.seen());
  }
}

/** A worker applies permissions before workloads (src/fleet/order.ts), so that a pod begins with them; the rest in any order. */
function inOrder(kinds: (keyof Views)[]): (keyof Views)[] {
  const [permits, pods] = [kinds.indexOf("permits"), kinds.indexOf("pods")];
  return permits < pods ? kinds : kinds.with(pods, "permits").with(permits, "pods");
}
