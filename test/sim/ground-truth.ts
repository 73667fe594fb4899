import { permitted } from "../../src/model/permission.ts";
import type { EdgeStage } from "../../src/model/rows.ts";
import type { InForce } from "../../src/store/in-force.ts";
import type { SimCluster } from "./cluster.ts";
import type { PodSet } from "./pods.ts";
import { labelOf } from "./view-of.ts";
import { configured } from "./configured.ts";
import { targetKey, type Proxy, type Target } from "./proxy.ts";
import { Violation } from "./violation.ts";

const admitted = (stage: EdgeStage): boolean => stage === "admitted" || stage === "open" || stage === "closing";

/**
 * "0 failed": what would become of a request sent now by any proxy, by the configuration that it holds itself. Looked at
 * whenever anything changed. Pods that end by themselves are nobody's fault; pods that were taken away are.
 */
export class GroundTruth {
  readonly #clusters: ReadonlyMap<string, SimCluster>;
  readonly #now: () => number;
  readonly #inForce: () => InForce;
  looks = 0;

  constructor(clusters: ReadonlyMap<string, SimCluster>, now: () => number, inForce: () => InForce) {
    this.#clusters = clusters;
    this.#now = now;
    this.#inForce = inForce;
  }

  /**
   * After a change of what some proxies hold; undefined: of pods, or of more. What becomes of a proxy's requests follows
   * from what it holds itself, from what the sidecars that it reaches hold, and the gateways of other clusters on its way
   * there: of a proxy to whom none of those changed, nothing changed.
   */
  look(changed: ReadonlySet<Proxy> | undefined): void {
    this.looks++;
    const now = this.#now();
    for (const cluster of this.#clusters.values())
      for (const proxy of cluster.proxies) {
        if (changed !== undefined && !isConcerned(proxy, changed)) continue;
        // Nobody takes its certificate any more.
        const using = proxy.certificateUntil <= now ? new Map<string, Target>() : this.#uses(proxy);
        for (const key of proxy.using.keys()) if (!using.has(key)) proxy.lastUsed.set(key, now);
        proxy.using = using;
      }
  }

  /** Pods are about to be taken away. */
  removed(cluster: SimCluster, { app, revision, drainMs }: PodSet): void {
    const key = targetKey({ cluster: cluster.name, app, revision });
    const now = this.#now();
    for (const { proxies } of this.#clusters.values())
      for (const proxy of proxies) {
        if (proxy.certificateUntil <= now) continue;
        if (proxy.cluster !== cluster.name && this.#gateway(cluster.name).certificateUntil <= now) continue;
        if (proxy.using.has(key))
          throw new Violation("removed while used", `${proxy.id} still sends requests to ${key}, which is removed`);
        const last = proxy.lastUsed.get(key);
        if (last !== undefined && now < last + drainMs)
          throw new Violation(
            "removed before it drained",
            `${proxy.id} sent requests to ${key} ${now - last} ms ago; it is removed before its drain of ${drainMs} ms`,
          );
      }
  }

  #uses(proxy: Proxy): Map<string, Target> {
    const using = new Map<string, Target>();
    for (const { callee, label, home } of configured(proxy)) {
      const target = this.#serving(proxy, callee, label, home);
      if (target === undefined) continue;
      using.set(targetKey(target), target);
      this.#permits(proxy, callee, target);
    }
    return using;
  }

  /**
   * The pods that answer: here, or behind another cluster's gateway. undefined: none do, and nobody promised it. What is
   * promised is promised of connected proxies: a gateway that was disconnected is excused from what is new, until it has
   * caught up, and to one whose certificate is over nobody sends anything.
   */
  #serving(proxy: Proxy, app: string, label: string, home: string): Target | undefined {
    let [cluster, revision] = [home, label];
    const here = this.#clusters.get(home)!.home(proxy.config.routes, app);
    const serves = ({ pods }: SimCluster): boolean => isServing(pods.get(`${app}/${label}`));
    if (here !== undefined && here.good === null && !serves(this.#clusters.get(home)!)) {
      // Taken over from when only callers were here: other clusters stand in until pods of its own are ready, also for a revision of the same name. Those that are only being made a home themselves aren't told of as such yet.
      const settled = (other: SimCluster): boolean =>
        (other.home(proxy.config.routes, app) ?? { good: null }).good !== null;
      const other = [...this.#clusters.values()].find((each) => serves(each) && settled(each));
      cluster = other?.name ?? home;
    }
    if (cluster !== proxy.cluster) {
      const gateway = this.#gateway(cluster);
      if (gateway.certificateUntil <= this.#now()) return undefined;
      const there = labelOf(gateway.config.subsets, cluster, app, label);
      if (there === undefined && gateway.excused) return undefined;
      if (there === undefined)
        throw new Violation(
          "route names a subset",
          `${gateway.id} has no subset ${label} of ${app}, which ${proxy.id} asks it for`,
        );
      revision = there;
    }
    const pods = this.#clusters.get(cluster)!.pods.get(`${app}/${revision}`);
    if (pods === undefined)
      throw new Violation(
        "nothing serves",
        `${proxy.id} sends requests for ${app} to ${revision} in ${cluster}, of which there is no workload`,
      );
    if (!isServing(pods))
      throw new Violation(
        "nothing serves",
        `${proxy.id} sends requests for ${app} to ${revision} in ${cluster}, of which no pod was ever ready`,
      );
    return { cluster, app, revision };
  }

  #gateway(cluster: string): Proxy {
    return [...this.#clusters.get(cluster)!.proxies].find(({ app }) => app === null)!;
  }

  #permits(proxy: Proxy, callee: string, { cluster, app, revision }: Target): void {
    const side = this.#clusters.get(cluster)!.pods.get(`${app}/${revision}`)!.proxy;
    if (side.excused) return;
    const view = side.config.permits;
    const roster = view.rosters.get(callee)?.value;
    const there = roster !== undefined && this.#clusters.get(cluster)!.home(view, callee) !== undefined;
    if (there && allows(view, callee, proxy.app)) return;
    // Withdrawn consent doesn't wait for callers that are out of contact.
    if (proxy.excused && !allows(this.#inForce(), callee, proxy.app)) return;
    throw new Violation(
      "call without permission",
      `${proxy.id} calls ${callee} in ${cluster}, where ${side.id} (revision ${view.revision}) doesn't admit it`,
    );
  }
}

/** Pods that were ready and end by themselves are nobody's fault. */
function isServing(pods: PodSet | undefined): boolean {
  return pods !== undefined && (pods.ready > 0 || pods.toldReady);
}

function isConcerned(proxy: Proxy, changed: ReadonlySet<Proxy>): boolean {
  if (changed.has(proxy)) return true;
  for (const { cluster, app, revision } of changed) {
    if (app === null) {
      // What its neighbours send leaves by themselves, what comes from other clusters goes through it.
      if (cluster !== proxy.cluster) return true;
    } else if (proxy.using.has(targetKey({ cluster, app, revision: revision! }))) return true;
  }
  return false;
}

/** Whether an AuthorizationPolicy made from a view lets a caller in; null: the gateway. */
function allows(view: InForce, callee: string, caller: string | null): boolean {
  const roster = view.rosters.get(callee)?.value;
  if (roster === undefined) return false;
  if (caller === null) return roster.hosts.some(({ stage }) => admitted(stage));
  const from = view.rosters.get(caller)?.value;
  const edge = from?.edges[callee];
  return edge !== undefined && admitted(edge.stage) && permitted(roster, from!) !== undefined;
}
