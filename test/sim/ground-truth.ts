import { permitted } from "../../src/model/permission.ts";
import type { EdgeStage } from "../../src/model/rows.ts";
import type { InForce } from "../../src/store/in-force.ts";
import { labelOf, valuesIn, type PodSet, type SimCluster } from "./cluster.ts";
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

  /** After a change of what some proxies hold; undefined: of pods, or of more. */
  look(changed: ReadonlySet<Proxy> | undefined): void {
    this.looks++;
    const now = this.#now();
    const keys = changed === undefined ? [] : [...changed].map(ownKey);
    const gateway = changed !== undefined && [...changed].some(({ app }) => app === null);
    for (const cluster of this.#clusters.values())
      for (const proxy of cluster.proxies) {
        const concerned =
          changed === undefined || changed.has(proxy) || gateway || keys.some((key) => proxy.using.has(key));
        if (!concerned) continue;
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
    for (const callee of calleesOf(proxy)) {
      // Where the app's subsets come only now, with its first lane here, nothing was reachable that could be lost.
      if (proxy.config.subsets.lanes.get(proxy.cluster)?.get(callee) === undefined) continue;
      const values = valuesIn(proxy.config.routes, proxy.cluster, callee);
      for (const [revision, weight] of Object.entries(values?.lane.weights ?? {})) {
        if (weight <= 0) continue;
        const label = this.#subset(proxy, callee, revision);
        const target = this.#serving(proxy, callee, label, values!.home);
        using.set(targetKey(target), target);
        this.#permits(proxy, callee, target);
      }
    }
    return using;
  }

  #subset(proxy: Proxy, callee: string, revision: string): string {
    const label =
      labelOf(proxy.config.subsets, proxy.cluster, callee, revision) ??
      (proxy.former === null ? undefined : labelOf(proxy.former, proxy.cluster, callee, revision));
    if (label === undefined)
      throw new Violation(
        "route names a subset",
        `${proxy.id} has a route to subset ${revision} of ${callee}, which it hasn't`,
      );
    return label;
  }

  /** The pods that answer: here, or behind another cluster's gateway. */
  #serving(proxy: Proxy, app: string, label: string, home: string): Target {
    let [cluster, revision] = [home, label];
    const here = this.#clusters.get(home)!.home(proxy.config.routes, app);
    if (here !== undefined && here.good === null && here.live[label] === undefined) {
      // Taken over from when only callers were here: other clusters stand in.
      const other = [...this.#clusters.values()].find(({ pods }) => pods.has(`${app}/${label}`));
      cluster = other?.name ?? home;
    }
    if (cluster !== proxy.cluster) {
      const gateway = [...this.#clusters.get(cluster)!.proxies].find((each) => each.app === null)!;
      const there = labelOf(gateway.config.subsets, cluster, app, label);
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
    if (pods.ready === 0 && !pods.toldReady)
      throw new Violation(
        "nothing serves",
        `${proxy.id} sends requests for ${app} to ${revision} in ${cluster}, of which no pod was ever ready`,
      );
    return { cluster, app, revision };
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

/** Of a sidecar: the pods that it belongs to. */
function ownKey({ cluster, app, revision }: Proxy): string {
  return targetKey({ cluster, app: app ?? "", revision: revision ?? "" });
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

/** What a proxy knows and may call: by its Sidecar; a gateway what is exposed. */
function calleesOf({ app, config }: Proxy): string[] {
  if (app === null)
    return [...config.routes.rosters].flatMap(([name, { value }]) =>
      value.hosts.some(({ stage }) => stage === "open") ? [name] : [],
    );
  const edges = config.scope.rosters.get(app)?.value.edges ?? {};
  return Object.entries(edges).flatMap(([callee, { stage }]) => (stage === "open" ? [callee] : []));
}
