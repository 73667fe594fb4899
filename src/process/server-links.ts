import type { Logger } from "pino";
import type { ClusterAccess } from "../api/context.ts";
import type { AgentHost } from "../fleet/agent-host.ts";
import { openAgentLink } from "../fleet/agent-link.ts";
import { ClusterClaims } from "../fleet/cluster-claims.ts";
import { openClusterLink, type ClusterLink, type ClusterLinkOptions } from "../fleet/cluster-link.ts";
import { eventText } from "../fleet/worker-event.ts";
import type { Cluster } from "../model/cluster.ts";
import { durationMs } from "../model/duration.ts";
import { Acknowledgers, OwnMesh, type MeshProvider } from "../release/acknowledge.ts";
import { UnprovenMesh, unprovenWaitMs } from "../release/unproven-mesh.ts";
import type { Store } from "../store/store.ts";
import { StoreFailure } from "../store/store-error.ts";
import { agentAccess, clusterAccess } from "./cluster-access.ts";
import type { FleetPauses } from "./fleet-pauses.ts";
import type { Joined, Way } from "./joined-cluster.ts";
import { notGivenAway } from "./lent-kubeconfig.ts";
import { istiodAccess } from "./istiod-access.ts";
import { IstiodMesh } from "./istiod-mesh.ts";
import { mayCall, objectsOf } from "./mesh-objects.ts";

export interface ServerLink extends Pick<ClusterLinkOptions, "connection" | "rateLimit" | "remark"> {
  name: string;
  /** Made by this machine, and anew under the same name when it is lost. */
  embedded: boolean;
  /** Of its identities. Default: the fleet's. */
  trustDomain?: string;
  /** Who is asked what the cluster's proxies have. */
  mesh(link: ClusterLink): MeshProvider;
  /** The way into the cluster, for people. Throws when it isn't given away. */
  kubeconfig(): string;
}

interface LinksOptions {
  store: Store;
  /** Of the clusters that this machine makes. */
  trustDomain: string;
  log: Logger;
  /** Of which clusters, and for how long, healing is paused. */
  pauses: Pick<FleetPauses, "of">;
}

/** All clusters that a server is linked to, by name, each as the rooms that use it know it. They come and go. */
export class ServerLinks {
  readonly links = new Map<string, ClusterLink>();
  readonly clusters = new Map<string, ClusterAccess>();
  readonly acknowledgers = new Acknowledgers();
  /** Of those whose worker is an agent there. */
  readonly agents = new Map<string, AgentHost>();
  readonly #options: LinksOptions;
  readonly #claims: ClusterClaims;
  /** Of clusters that have another one than the fleet's. */
  readonly #trustDomains = new Map<string, string>();

  constructor(options: LinksOptions) {
    this.#options = options;
    this.#claims = new ClusterClaims({
      store: options.store,
      linked: (name) => this.links.has(name) || this.agents.has(name),
      now: Date.now,
    });
  }

  /** The cluster needn't answer yet. */
  open({ name, embedded, connection, mesh, kubeconfig, rateLimit, remark, ...own }: ServerLink): Joined {
    const { store, log } = this.#options;
    const trustDomain = this.#trusts(name, own.trustDomain);
    const link = openClusterLink({
      ...{ cluster: name, connection, store, trustDomain },
      claim: (uid) => this.#claims.claim(name, uid, { replaceable: embedded }),
      ...(rateLimit !== undefined && { rateLimit }),
      ...(remark !== undefined && { remark }),
      mayBeEmpty: this.#mayBeEmpty,
      healing: this.#options.pauses.of(name),
      event: (event) =>
        log[event.type === "applied" || event.type === "pruned" ? "debug" : "info"](
          { cluster: name, event: event.type },
          eventText(event),
        ),
      failed: (error) => this.#notKept(name, error),
    });
    this.links.set(name, link);
    this.clusters.set(name, clusterAccess(name, link, kubeconfig));
    this.acknowledgers.set(name, ofTheOneThatIsMeant(link, mesh(link)));
    return {
      close: async () => {
        this.links.delete(name);
        this.clusters.delete(name);
        await this.acknowledgers.delete(name);
        await link.close();
      },
    };
  }

  /** A cluster whose agent dials in. */
  openAgent(name: string, mesh: MeshProvider, ownTrustDomain: string): Joined {
    const { store } = this.#options;
    const trustDomain = this.#trusts(name, ownTrustDomain);
    const link = openAgentLink({
      ...{ cluster: name, store, trustDomain, now: Date.now },
      claim: (uid) => this.#claims.claim(name, uid),
      mayBeEmpty: this.#mayBeEmpty,
      healing: this.#options.pauses.of(name),
      failed: (error) => this.#notKept(name, error),
    });
    this.agents.set(name, link.host);
    this.clusters.set(
      name,
      agentAccess(name, link.host, () => store.seen().get(name), Date.now),
    );
    this.acknowledgers.set(name, mesh);
    return {
      close: async () => {
        this.agents.delete(name);
        this.clusters.delete(name);
        await this.acknowledgers.delete(name);
        link.close();
      },
    };
  }

  /** Of the identities of a cluster: in force, or as they would be. */
  trustDomain(cluster: string): string {
    return this.#trustDomains.get(cluster) ?? this.#options.trustDomain;
  }

  #trusts(cluster: string, own: string | undefined): string {
    if (own === undefined) this.#trustDomains.delete(cluster);
    else this.#trustDomains.set(cluster, own);
    return this.trustDomain(cluster);
  }

  /** Of a real cluster: its istiods. */
  istiodMesh(link: ClusterLink, istiod: Cluster["spec"]["istiod"], waitMs: number): MeshProvider {
    const { store } = this.#options;
    const access = istiodAccess(link.kube, istiod);
    return new IstiodMesh({ access, link, waitMs, inForce: () => store.inForce(), now: () => performance.now() });
  }

  /** A store that was ever written tells the truth when it says that nothing is in force: it never begins anew by itself. */
  readonly #mayBeEmpty = (): boolean => this.#options.store.inForce().revision > 0;

  #notKept(cluster: string, error: unknown): void {
    if (error instanceof StoreFailure) return;
    this.#options.log.error({ err: error, cluster }, "an observation wasn't kept");
  }
}

/** Before a cluster is known to be the one that is meant, its proxies prove nothing: the context may lead to another one. */
function ofTheOneThatIsMeant({ worker }: ClusterLink, mesh: MeshProvider): MeshProvider {
  return {
    ask: async (app, revision, mode) =>
      worker.isIdentified
        ? mesh.ask(app, revision, mode)
        : { done: false, evidence: "it isn't known yet which cluster this is" },
    close: () => mesh.close(),
  };
}

/** Of an embedded cluster: its mesh process. */
export function ownMesh(link: ClusterLink, socketPath: string, store: Pick<Store, "inForce">): MeshProvider {
  return new OwnMesh(
    {
      socketPath,
      objectsOf: (app, revision, mode) => objectsOf(link, app, revision, mode),
      mayCall: (app, namespace, serviceAccount) => mayCall(store.inForce().rosters, app, namespace, serviceAccount),
    },
    Date.now,
  );
}

/**
 * In a policy it stands for the mesh's own trust domain, whatever that is called (Istio, "Trust Domain Migration"). Another
 * name than the mesh's would admit nobody.
 */
const meshsOwn = "cluster.local";

/** A cluster that joins by its document. */
export function openJoined(links: ServerLinks, cluster: Cluster, way: Way, remark: () => string | undefined): Joined {
  const { metadata, spec } = cluster;
  const { name } = metadata;
  const waitMs = spec.unprovenWait === undefined ? unprovenWaitMs : durationMs(spec.unprovenWait);
  const trustDomain = spec.trustDomain ?? meshsOwn;
  if (way.by === "agent") {
    const mesh = new UnprovenMesh("through an agent its istiod can't be asked", () => performance.now(), waitMs);
    return links.openAgent(name, mesh, trustDomain);
  }
  return links.open({
    ...{ name, remark, trustDomain, connection: way.connection, embedded: false },
    mesh: (link) => links.istiodMesh(link, spec.istiod, waitMs),
    kubeconfig: () => notGivenAway(name, spec.connection!.kubeconfig!.context),
  });
}
