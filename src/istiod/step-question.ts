import { IstiodForbids } from "./access.ts";
import { isSelected, type Concern } from "./concerns.ts";
import type { StepAnswer, Workload } from "./step-answer.ts";
import { hasAcknowledged, isClean, provenPush, sentOf, type Look } from "./proof.ts";
import type { Replica, Round } from "./replica.ts";
import { isTold, standsInScope } from "./sidecar-scope.ts";
import { isNewEnough } from "./step-object.ts";
import { typeNames, xdsTypes, type ProxySync } from "./syncz.ts";

export interface StepQuestionOptions {
  concerns: readonly Concern[];
  /** Store revision at which the objects were put in force: what was rejected before doesn't count. */
  revision: number;
  /** Pods that the concerns may mean, as they are now, and those of connected proxies (`POD.NAMESPACE`) in their namespaces. */
  workloads(connected: readonly string[]): Promise<readonly Workload[]>;
  /** What nothing proves, a proxy is given so long for after its istiod knew it. */
  waitMs: number;
  /** Monotonic, ms. */
  now(): number;
}

/** A proxy as one replica tells of it, and what it must have. */
interface Concerned {
  replica: Replica;
  round: Round;
  proxy: ProxySync;
  workload: Workload | undefined;
  concerns: readonly Concern[];
}

/** How many proxies of a replica are looked at one by one in an ask: each look is a kB and more for every service in scope. */
const looksAtOnce = 3;
/** Before, and between, questions for all objects that a replica knows: that is megabytes. */
const patienceMs = 2000;

/**
 * Whether all proxies have what became of the objects of one step; asked again and again until they have. What is proven
 * once needn't be again: nobody goes back to an older push while it is connected to the same process.
 */
export class StepQuestion {
  readonly #options: StepQuestionOptions;
  /** Pushes that an object is proven to be in: by `REPLICA START OBJECT`. */
  readonly #pushes = new Map<string, number>();
  /** Looks at proxies, by `REPLICA START PROXY OBJECT`. */
  readonly #looks = new Map<string, Look>();
  /** `REPLICA START PROXY OBJECT` of which all is proven. */
  readonly #proven = new Set<string>();
  /** By replica: since when all of the objects are known there. */
  readonly #knownSince = new Map<string, { key: string; at: number }>();
  /** By replica: when it was last asked for all objects. */
  readonly #askedKnown = new Map<string, number>();
  /**
   * The same, of which nothing proves it: all that the proxy was sent so long after its istiod knew it, it acknowledged. Of
   * each by itself: among thousands somebody is always being told something.
   */
  readonly #waited = new Set<string>();
  /** Proxies that were missed, and since when. */
  #missing = new Map<string, number>();
  #asks = 0;
  /** Since when not all is proven, ms. */
  #unprovenSince: number | undefined;

  constructor(options: StepQuestionOptions) {
    this.#options = options;
  }

  /** Throws what asking threw; `IstiodForbids` when a replica lets nobody ask. */
  async ask(replicas: readonly Replica[]): Promise<StepAnswer> {
    this.#asks++;
    const rounds = await Promise.all(replicas.map(async (replica) => ({ replica, round: await replica.lateRound() })));
    // After the rounds, so that a pod whose proxy is connected is among them.
    const connected = new Set(rounds.flatMap(({ round }) => round.proxies.map(({ id }) => id)));
    const workloads = await this.#options.workloads([...connected]);
    const byId = new Map(workloads.map((workload) => [workload.id, workload]));
    const concerned = rounds.flatMap(({ replica, round }) =>
      round.proxies.flatMap((proxy): Concerned[] => {
        const workload = byId.get(proxy.id);
        const concerns = this.#options.concerns.filter((concern) => isConcerned(concern, proxy, workload));
        return concerns.length === 0 ? [] : [{ replica, round, proxy, workload, concerns }];
      }),
    );
    await Promise.all(rounds.map(({ replica, round }) => this.#look(replica, round, concerned)));
    for (const one of concerned) this.#prove(one);

    const away = workloads.filter(
      (workload) =>
        workload.hasProxy &&
        !connected.has(workload.id) &&
        this.#options.concerns.some(({ selectors }) => selectors.some((selector) => isSelected(selector, workload))),
    );
    const unproven = concerned.filter((one) => one.concerns.some(({ id }) => !this.#proven.has(key(one, id))));
    const knownForMs = unproven.length > 0 ? await this.#knownFor(unproven) : undefined;
    const lacks = new Map(concerned.map((one) => [one, this.#lacking(one)]));
    for (const one of unproven) if (lacks.get(one)?.length === 0) this.#wait(one);
    const lacking = [...lacks.values()].flat();
    const missing = new Map(away.map(({ id }) => [id, this.#missing.get(id) ?? this.#options.now()]));
    const answer: StepAnswer = {
      replicas: replicas.length,
      concerned: new Set(concerned.map(({ proxy }) => proxy.id)).size,
      lacking,
      unproven: [...new Set(unproven.map(({ proxy }) => proxy.id))],
      // A proxy that goes from one replica to another may be missed by looks of one time: each must have looked again.
      moving: [...missing].flatMap(([id, since]) => (rounds.some(({ round }) => round.at <= since) ? [id] : [])),
      away: [...missing.keys()],
      ...(lacking.length === 0 && knownForMs !== undefined && { knownForMs }),
    };
    this.#missing = missing;
    return answer;
  }

  /** Finds out from which push on the objects are in what proxies get, where that isn't known yet. */
  async #look(replica: Replica, round: Round, all: readonly Concerned[]): Promise<void> {
    const mine = all.filter((one) => one.replica === replica);
    const wanted = mine.filter((one) => isClean(one.proxy));
    // First a proxy of each kind of caller, then those whom that doesn't prove anything of.
    const chosen = new Map<Concerned, Concern[]>();
    const turn = (this.#asks * looksAtOnce) % Math.max(wanted.length, 1);
    const inTurn = [...wanted.slice(turn), ...wanted.slice(0, turn)];
    for (const found of ["push", "proof"] as const)
      for (const one of inTurn)
        for (const concern of one.concerns.filter(({ object }) => isTold(object.kind))) {
          const isKnown = found === "push" ? this.#pushes.has(pushKey(one, concern)) : this.#has(one, concern);
          const others = [...chosen].some(
            ([other, concerns]) => concerns.includes(concern) && pushKey(other, concern) === pushKey(one, concern),
          );
          if (isKnown || (found === "push" && others)) continue;
          if (chosen.has(one)) chosen.get(one)!.push(concern);
          else if (chosen.size < looksAtOnce && isNamedClearly(one.proxy, round)) chosen.set(one, [concern]);
        }
    await Promise.all([...chosen].map(([one, concerns]) => this.#lookAt(one, [...new Set(concerns)])));
  }

  async #lookAt(one: Concerned, concerns: readonly Concern[]): Promise<void> {
    const { replica, proxy } = one;
    const scope = await replica.scope(proxy.id).catch(ifForbidden);
    if (scope === undefined) return;
    // Read after the looks, and by the process that answered them.
    const after = await replica.round(this.#options.now());
    const sync = after.proxies.find(({ id }) => id === proxy.id);
    if (after.started !== one.round.started || sync === undefined) return;
    for (const concern of concerns) {
      const stands = standsInScope(concern.object, scope);
      if (stands === "unknown") continue;
      const look = { push: scope.push, stands };
      const id = key(one, concern.id);
      const push = provenPush(look, this.#looks.get(id), sentOf(sync, concern.types));
      if (!this.#looks.get(id)?.stands) this.#looks.set(id, look);
      if (push === undefined) continue;
      const known = pushKey(one, concern);
      this.#pushes.set(known, Math.min(push, this.#pushes.get(known) ?? push));
      if (this.#isInService(one, sync, concern, push)) this.#proven.add(id);
    }
  }

  #has(one: Concerned, concern: Concern): boolean {
    if (this.#proven.has(key(one, concern.id))) return true;
    const push = this.#pushes.get(pushKey(one, concern));
    return push !== undefined && this.#isInService(one, one.proxy, concern, push);
  }

  #isInService({ replica }: Concerned, sync: ProxySync, { types }: Concern, push: number): boolean {
    const rejected = xdsTypes.some((type) => replica.rejections.since(this.#options.revision, type, sync.id) !== 0);
    return !rejected && isClean(sync) && hasAcknowledged(sync, types, push);
  }

  #prove(one: Concerned): void {
    for (const concern of one.concerns) if (this.#has(one, concern)) this.#proven.add(key(one, concern.id));
  }

  /** Of one that lacks nothing. */
  #wait(one: Concerned): void {
    const { replica, round, concerns } = one;
    const known = this.#knownSince.get(replica.name);
    if (known?.key !== String(round.started) || round.at < known.at + this.#options.waitMs) return;
    for (const concern of concerns) this.#waited.add(key(one, concern.id));
  }

  #lacking({ replica, round, proxy, concerns }: Concerned): StepAnswer["lacking"] {
    const id = proxy.id;
    // What it refuses later is another step's.
    const isSure = (object: string) => this.#proven.has(object) || this.#waited.has(object);
    if (concerns.every((concern) => isSure(key({ replica, round, proxy }, concern.id)))) return [];
    for (const type of xdsTypes) {
      const error = proxy.types[type]?.error;
      if (error !== undefined) return [{ id, type: typeNames[type], how: "rejects", message: error }];
    }
    for (const type of xdsTypes) {
      const count = replica.rejections.since(this.#options.revision, type, id);
      if (count !== 0) return [{ id, type: typeNames[type], how: count === "unknown" ? "perhaps" : "rejected" }];
    }
    if (isClean(proxy)) return [];
    const type = xdsTypes.find((name) => proxy.types[name]?.clean === false);
    return [{ id, type: type === undefined ? "its first configuration" : typeNames[type], how: "lacks" }];
  }

  /** Since when those who tell nothing certain have known all that is asked for, in ms; undefined: not all of it yet. */
  async #knownFor(unproven: readonly Concerned[]): Promise<number | undefined> {
    const { now } = this.#options;
    // All that istiod knows is a big answer: a proof is most often here before.
    this.#unprovenSince ??= now();
    if (now() < this.#unprovenSince + patienceMs) return undefined;
    const spans = await Promise.all(
      [...new Map(unproven.map((one) => [one.replica, one])).values()].map(async ({ replica, round }) => {
        const process = String(round.started);
        const since = this.#knownSince.get(replica.name);
        if (since?.key === process) return now() - since.at;
        if (now() < (this.#askedKnown.get(replica.name) ?? -Infinity) + patienceMs) return undefined;
        this.#askedKnown.set(replica.name, now());
        const known = await replica.known();
        const lacks = ({ id, object: { kind, resourceVersion } }: Concern): boolean =>
          // Services aren't among them.
          kind !== "Service" && !isNewEnough(known.get(id), resourceVersion);
        if (this.#options.concerns.some(lacks)) return undefined;
        this.#knownSince.set(replica.name, { key: process, at: now() });
        return 0;
      }),
    );
    return spans.includes(undefined) ? undefined : Math.min(...(spans as number[]));
  }
}

function isConcerned(
  { selectors, routers }: Concern,
  { id, router }: ProxySync,
  workload: Workload | undefined,
): boolean {
  if (routers && router) return true;
  const namespace = id.slice(id.lastIndexOf(".") + 1);
  return selectors.some((selector) =>
    // No Pod: a machine outside, or a Pod that has just gone. Whose it was isn't known, so it counts.
    workload === undefined ? selector.namespace === namespace : isSelected(selector, workload),
  );
}

function key({ replica, round, proxy }: Pick<Concerned, "replica" | "round" | "proxy">, object: string): string {
  return `${replica.name} ${round.started} ${proxy.id} ${object}`;
}

function pushKey({ replica, round }: Concerned, { id }: Concern): string {
  return `${replica.name} ${round.started} ${id}`;
}

/** Istiod takes any connection whose id contains the text for the one that is meant. */
function isNamedClearly({ id }: ProxySync, { proxies }: Round): boolean {
  return proxies.filter((other) => `${other.id}-`.includes(`${id}-`)).length === 1;
}

/** A page that isn't there proves nothing; others may. */
function ifForbidden(error: unknown): undefined {
  if (!(error instanceof IstiodForbids)) throw error;
  return undefined;
}
