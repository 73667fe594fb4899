/** The worker's eyes: what a cluster holds of ours, and its pods, kept by reflectors; and how old that is. */
import type { BackOff } from "../kube/back-off.ts";
import type { Clock } from "../kube/clock.ts";
import type { KubeClient } from "../kube/kube-client.ts";
import { KubeError } from "../kube/kube-error.ts";
import { Hurry, mayBeOver } from "../kube/hurry.ts";
import { Reflector, type ReflectorListener } from "../kube/reflector.ts";
import type { Pod } from "../objects/core.ts";
import type { KubeObject } from "../objects/meta.ts";
import type { Unhealthy } from "../model/unhealthy.ts";
import { kinds, type Kind } from "../objects/kinds.ts";
import { managedLabel, revisionLabel } from "../render/names.ts";
import { PodCounts, podView, type PodView, type ReadyPods } from "./pod-health.ts";
import { objectKey, parseKey, type ObjectKey } from "./desired.ts";
import { HealthLog } from "./health-log.ts";
import { isOlder, liveView, type LiveView } from "./live-view.ts";
import { appliedKinds } from "./order.ts";

/** How the watches find what is ours among all that a cluster holds. */
const labelSelector = `${managedLabel}=true`;

export interface LiveObjectsOptions {
  client: Pick<KubeClient, "list" | "watch">;
  clock: Clock;
  random: () => number;
  backOff: BackOff;
  /** An object of ours appeared, changed or went, otherwise than we know from our own writes. */
  changed: (key: ObjectKey) => void;
  /** Whether an object's drift waits: then any change of it counts, for what somebody took from us isn't in our view. */
  drifting?: (key: ObjectKey) => boolean;
  /** Pods, or what can be said of contact, changed. */
  observed: () => void;
  /** The cluster answers again. */
  answers?: () => void;
  /** From now on a kind can't be read, and why; undefined: it can again. */
  readable?: (kind: Kind, problem: string | undefined) => void;
}

export class LiveObjects {
  readonly #options: LiveObjectsOptions;
  readonly #reflectors = new Map<Kind, Reflector<LiveView>>();
  readonly #pods: Reflector<PodView>;
  readonly #counts = new PodCounts();
  /** Answers to our own writes that the watch hasn't shown yet. */
  readonly #written = new Map<ObjectKey, LiveView>();
  readonly #unreadable = new Map<Kind, string>();
  readonly #health = new HealthLog();
  readonly #stop = new AbortController();
  readonly #hurry: Hurry;

  constructor(options: LiveObjectsOptions) {
    this.#options = options;
    const { client, clock, random, backOff } = options;
    this.#hurry = new Hurry(() => this.#all(), clock, this.#stop.signal);
    const common = { client, clock, random, backOff, labelSelector };
    for (const name of appliedKinds) {
      const kind: Kind = kinds[name];
      const reflector = new Reflector<LiveView>({ ...common, kind, keep: liveView });
      reflector.listen(this.#follow(kind));
      this.#reflectors.set(kind, reflector);
    }
    // One asks often for all: whoever is answered first wakes the others.
    const often = { ...backOff, maxMs: Math.min(backOff.maxMs, 5000) };
    const keep = (pod: KubeObject): PodView => podView(pod as unknown as Pod);
    // By what is heard of pods a cluster counts as seen, for 90 s. Where nothing at all changes, some API servers send no
    // bookmarks for minutes (their etcd tells no progress): a watch that begins anew is heard of.
    const again = { watchSeconds: 40 };
    this.#pods = new Reflector<PodView>({ ...common, ...again, backOff: often, kind: kinds.Pod, keep });
    const observed = options.observed;
    this.#pods.listen({
      added: (pod) => {
        this.#counts.put(pod);
        observed();
      },
      modified: (pod, before) => {
        if (before.app !== pod.app || before.revision !== pod.revision) this.#counts.remove(before);
        this.#counts.put(pod);
        observed();
      },
      deleted: (pod) => {
        this.#counts.remove(pod);
        observed();
      },
      synced: observed,
      watching: observed,
      problem: observed,
    });
    for (const reflector of this.#all()) {
      this.#followReadability(reflector);
      // Each waits for itself, up to half a minute: the first that is answered wakes those whose failure may be over too;
      // one that is refused, those that know of no answer at all.
      reflector.listen({
        watching: () => {
          this.#hurry.whose(mayBeOver);
          this.#options.answers?.();
        },
        problem: (error) => {
          if (refusesKind(error)) this.#hurry.whose((failure) => !refusesKind(failure));
        },
      });
    }
  }

  start(): void {
    for (const reflector of this.#all()) reflector.start();
  }
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all([...this.#all()].map((reflector) => reflector.stop()));
  }

  /** The newest that is known of an object. */
  get(key: ObjectKey): LiveView | undefined {
    const parts = parseKey(key);
    const seen = parts && this.#reflectors.get(parts.kind)?.get(parts.name, parts.namespace);
    const written = this.#written.get(key);
    return written && (!seen || isOlder(seen.metadata.resourceVersion, written.metadata.resourceVersion))
      ? written
      : seen;
  }

  /** An answer to a write of ours. */
  wrote(key: ObjectKey, view: LiveView): void {
    const seen = this.get(key);
    if (!seen || isOlder(seen.metadata.resourceVersion, view.metadata.resourceVersion)) this.#written.set(key, view);
  }

  /** Full lists of these kinds have been read. */
  synced(wanted: Iterable<Kind>): boolean {
    for (const kind of wanted) if (this.#reflectors.get(kind)?.synced !== true) return false;
    return true;
  }

  /** Ready pods, with the reason why a Deployment can't even make any. */
  ready(): ReadyPods {
    const ready: ReadyPods = { ...this.#counts.ready };
    for (const { metadata, failure } of this.#reflectors.get(kinds.Deployment)!.values()) {
      const app = metadata.labels?.["app"];
      const revision = metadata.labels?.[revisionLabel];
      if (failure === undefined || app === undefined || revision === undefined) continue;
      const count = ready[app]?.[revision] ?? { ready: 0, total: 0 };
      ready[app] = { ...ready[app], [revision]: { ...count, reason: failure } };
    }
    return ready;
  }

  /** What isn't well by its own status, pods apart. */
  unhealthy(now: number): Unhealthy | undefined {
    return this.#health.told(now);
  }

  /** The pods have been listed in full. */
  get podsSynced(): boolean {
    return this.#pods.synced;
  }
  /** How old the view of the pods is, in ms. */
  podsAgeMs(now: number): number {
    return this.#pods.ageMs(now);
  }

  /** How old the oldest part of the view is, in ms; Infinity until everything has been read once. */
  ageMs(now: number): number {
    return Math.max(...[...this.#all()].map((reflector) => reflector.ageMs(now)));
  }

  /** Why there is no contact with the cluster, or nothing at all can be read; undefined: there is. */
  error(): string | undefined {
    const failures = [...this.#all()].map(({ failure }) => failure);
    const lost = failures.find((failure) => failure !== undefined && !refusesKind(failure));
    if (lost !== undefined) return lost.message;
    return failures.includes(undefined) ? undefined : failures[0]?.message;
  }

  /** Why this kind can't be read although the cluster answers: it doesn't have it, or we may not. Undefined: it can. */
  unreadable(kind: Kind): string | undefined {
    return this.#unreadable.get(kind);
  }
  /** Kinds that can't be read, with the reason. */
  unreadables(): ReadonlyMap<Kind, string> {
    return this.#unreadable;
  }

  *#all(): Iterable<Reflector<LiveView> | Reflector<PodView>> {
    yield this.#pods;
    yield* this.#reflectors.values();
  }

  #followReadability(reflector: Reflector<LiveView> | Reflector<PodView>): void {
    const { kind } = reflector;
    const follow = (): void => {
      const { failure } = reflector;
      const problem = failure !== undefined && refusesKind(failure) ? failure.message : undefined;
      if (problem === this.#unreadable.get(kind)) return;
      // While there is no contact, what was said of the kind stands.
      if (failure !== undefined && problem === undefined) return;
      if (problem === undefined) this.#unreadable.delete(kind);
      else this.#unreadable.set(kind, problem);
      this.#options.readable?.(kind, problem);
    };
    reflector.listen({ synced: follow, watching: follow, problem: follow });
  }

  #follow(kind: Kind): ReflectorListener<LiveView> {
    const changed = (view: LiveView): void => {
      const key = objectKey(view);
      const written = this.#written.get(key);
      if (written && isOlder(view.metadata.resourceVersion, written.metadata.resourceVersion)) return;
      this.#written.delete(key);
      // What we wrote, and were told in answer, is no news.
      if (written && written.metadata.resourceVersion === view.metadata.resourceVersion) return;
      this.#options.changed(key);
    };
    const health = (view: LiveView, problem: LiveView["problem"]): void =>
      this.#health.found(objectKey(view), problem?.app, problem?.text, this.#options.clock.now());
    return {
      added: (view) => {
        health(view, view.problem);
        changed(view);
      },
      modified: (view, before) => {
        health(view, view.problem);
        // Status comes often and is nobody's drift.
        if (view.failure !== before.failure) this.#options.observed();
        if (
          view.owned !== before.owned ||
          view.metadata.deletionTimestamp !== before.metadata.deletionTimestamp ||
          this.#written.has(objectKey(view)) ||
          this.#options.drifting?.(objectKey(view)) === true
        )
          changed(view);
      },
      deleted: (view) => {
        health(view, undefined);
        changed(view);
      },
      synced: () => {
        // After a full list the watch shows everything up to now; what was written before and isn't there is gone.
        for (const key of [...this.#written.keys()]) {
          if (parseKey(key)?.kind !== kind) continue;
          this.#written.delete(key);
          this.#options.changed(key);
        }
        this.#options.observed();
      },
      watching: this.#options.observed,
      problem: this.#options.observed,
    };
  }
}

/** The cluster answers, and refuses this kind: other kinds may fare better. */
function refusesKind(failure: Error): boolean {
  return failure instanceof KubeError && !failure.lost;
}
