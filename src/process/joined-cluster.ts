import type { KubeConnection } from "../kube/kube-connection.ts";
import type { Cluster } from "../model/cluster.ts";

/** What the server holds for a cluster that it is linked to. */
export interface Joined {
  close(): Promise<void>;
}

/** How a cluster is reached. */
export type Way = { by: "kubeconfig"; connection: KubeConnection } | { by: "agent" };

export interface Joining {
  /** The way that the document names, as it is now. Throws what people must know, when there is none. */
  way(cluster: Cluster): Way;
  /** Links the cluster. `remark`: what is wrong with the way although it is linked. Throws when it can't be. */
  open(cluster: Cluster, way: Way, remark: () => string | undefined): Joined;
  /** Why it isn't linked; told when that changes. */
  told(cluster: string, problem: string): void;
  log: { info(fields: object, text: string): void; warn(fields: object, text: string): void };
}

/**
 * One cluster that joins by its document: linked as soon as its kubeconfig can be read, and anew whenever that says
 * something else. A kubeconfig that can't be read any more, or is just being written, leaves the link that there is.
 */
export class JoinedCluster {
  readonly cluster: Cluster;
  readonly #joining: Joining;
  #link: Joined | undefined;
  /** Of the connection that the link was made with. */
  #made: string | undefined;
  #problem: string | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(cluster: Cluster, joining: Joining) {
    this.cluster = cluster;
    this.#joining = joining;
  }

  get linked(): boolean {
    return this.#link !== undefined;
  }

  /** Reads the kubeconfig and does what follows from it. Never rejects. */
  look(): Promise<void> {
    return this.#inTurn(() => this.#look());
  }

  close(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#link?.close();
      this.#link = undefined;
    });
  }

  async #look(): Promise<void> {
    const { way: find, open, log } = this.#joining;
    const { name } = this.cluster.metadata;
    try {
      const way = find(this.cluster);
      const print = fingerprint(way);
      if (this.#link !== undefined && print === this.#made) return this.#found(undefined);
      const again = this.#link !== undefined;
      await this.#link?.close();
      this.#link = undefined;
      this.#link = open(this.cluster, way, () => this.#problem);
      this.#made = print;
      this.#problem = undefined;
      log.info(
        { cluster: name },
        again ? "the cluster's kubeconfig has changed: linked anew" : "the cluster is linked",
      );
    } catch (error) {
      const { message } = error as Error;
      this.#found(this.#link === undefined ? message : `${message}; what was read of it before still counts`);
    }
  }

  #found(problem: string | undefined): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    if (problem === undefined) return;
    const { told, log } = this.#joining;
    const { name } = this.cluster.metadata;
    log.warn({ cluster: name, problem }, "the way into the cluster can't be read; it is tried again");
    if (this.#link === undefined) told(name, problem);
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }
}

/** What files beside the kubeconfig hold may change without a word: whoever uses it reads them again by itself. */
function fingerprint(way: Way): string {
  if (way.by === "agent") return way.by;
  const { files = {}, ...connection } = way.connection;
  const inline = Object.entries(connection).filter(([field]) => !(field in files));
  return JSON.stringify([inline.toSorted(([a], [b]) => (a < b ? -1 : 1)), files]);
}
