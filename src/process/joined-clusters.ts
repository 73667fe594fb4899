import type { Cluster } from "../model/cluster.ts";
import type { Store } from "../store/store.ts";
import { JoinedCluster, type Joining } from "./joined-cluster.ts";

export interface JoinedClustersOptions extends Omit<Joining, "told"> {
  store: Pick<Store, "read" | "watch" | "seen" | "putSeen">;
  /** Clusters that the server has from elsewhere: no document makes another of them. */
  embedded: ReadonlySet<string>;
  /** A Cluster as it was declared at a store revision, before anything is done about it. */
  declared?: (cluster: Cluster, revision: number) => void;
  /** How soon a kubeconfig is read again, in ms: of a cluster that waits for it, and of one that is linked. */
  rereadMs?: { waiting: number; linked: number };
}

/** Clusters that join by their documents, and leave by them: what was made there then stays as it is. */
export class JoinedClusters {
  readonly #options: JoinedClustersOptions;
  readonly #clusters = new Map<string, JoinedCluster>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #stop = new AbortController();
  #following: Promise<void> | undefined;

  constructor(options: JoinedClustersOptions) {
    this.#options = options;
  }

  /** Resolves when those that are declared now have been tried. */
  async start(): Promise<void> {
    const { store, log } = this.#options;
    const { revision, clusters } = await store.read(async (tx) => ({
      revision: await tx.revision(),
      clusters: await tx.all("Cluster"),
    }));
    for (const { body, revision: of } of clusters) await this.#declared(body as unknown as Cluster, of);
    this.#following = (async () => {
      for await (const { scope, kind, name, body, revision: at } of store.watch(revision, this.#stop.signal)) {
        if (scope !== "object" || kind !== "Cluster") continue;
        if (body === null) await this.#left(name);
        else await this.#declared(body as Cluster, at);
      }
    })().catch((error: unknown) => {
      if (!this.#stop.signal.aborted) log.warn({ err: error }, "Clusters aren't followed any more");
    });
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#following;
    await Promise.all([...this.#clusters.keys()].map((name) => this.#drop(name)));
  }

  async #declared(cluster: Cluster, revision: number): Promise<void> {
    const { embedded, log } = this.#options;
    const { name } = cluster.metadata;
    this.#options.declared?.(cluster, revision);
    const known = this.#clusters.get(name);
    if (cluster.spec.connection === undefined) return this.#left(name);
    if (embedded.has(name)) {
      log.warn({ cluster: name }, "a Cluster has a connection, but this server runs an embedded cluster of that name");
      return;
    }
    if (known !== undefined && JSON.stringify(joinsBy(known.cluster)) === JSON.stringify(joinsBy(cluster))) return;
    await this.#drop(name);
    this.#clusters.set(name, new JoinedCluster(cluster, { ...this.#options, told: (...what) => this.#told(...what) }));
    await this.#look(name);
  }

  async #look(name: string): Promise<void> {
    const cluster = this.#clusters.get(name);
    if (cluster === undefined) return;
    await cluster.look();
    if (this.#stop.signal.aborted || this.#clusters.get(name) !== cluster) return;
    const { waiting, linked } = this.#options.rereadMs ?? { waiting: 2_000, linked: 30_000 };
    const timer = setTimeout(() => void this.#look(name), cluster.linked ? linked : waiting);
    this.#timers.set(name, timer.unref());
  }

  async #left(name: string): Promise<void> {
    if (!this.#clusters.has(name)) return;
    await this.#drop(name);
    this.#options.log.info({ cluster: name }, "the cluster has left; what was made there stays");
    this.#told(name, "it has left: its document names no connection any more. What was made there stays as it is");
  }

  async #drop(name: string): Promise<void> {
    const cluster = this.#clusters.get(name);
    this.#clusters.delete(name);
    clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
    await cluster?.close();
  }

  #told(cluster: string, problem: string): void {
    const { store, log } = this.#options;
    const last = store.seen().get(cluster) ?? { cluster, applied: 0, ready: {}, at: 0 };
    store
      .putSeen({ ...last, error: problem })
      .catch((error: unknown) => log.warn({ err: error, cluster }, "an observation wasn't kept"));
  }
}

/** All that a link is made of. */
function joinsBy({ spec: { connection, istiod, unprovenWait, trustDomain } }: Cluster): unknown {
  return [connection, istiod, unprovenWait, trustDomain];
}
