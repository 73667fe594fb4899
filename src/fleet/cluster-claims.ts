/**
 * Which cluster a name stands for. Two names of one cluster would each have a worker and a ledger, and undo what the
 * other does; a name that suddenly reaches another cluster would have its ledger's objects looked for in the wrong place.
 */
import type { KubeClient } from "../kube/kube-client.ts";
import { KubeError } from "../kube/kube-error.ts";
import type { Cluster } from "../model/cluster.ts";
import type { ClusterIdentity } from "../model/rows.ts";
import { kinds } from "../objects/kinds.ts";
import type { Store } from "../store/store.ts";

/** Why a cluster must be left alone, for people. */
export class ClaimRefused extends Error {
  override readonly name = "ClaimRefused";
}

export interface ClusterClaimsOptions {
  store: Pick<Store, "read" | "write" | "seen" | "putSeen">;
  /** Whether a worker of this server looks after a cluster of that name now. */
  linked: (name: string) => boolean;
  /** Unix ms. */
  now: () => number;
}

export interface Claimed {
  identity: ClusterIdentity;
  /** It isn't the cluster that the name stood for before. */
  fresh: boolean;
}

/** Throws `KubeError`. */
export async function clusterUid(kube: Pick<KubeClient, "get">): Promise<string> {
  const { metadata } = await kube.get(kinds.Namespace, { name: "kube-system" });
  // An API server gives every object one: what doesn't could be taken for any cluster of which nothing is known yet.
  if (typeof metadata.uid === "string" && metadata.uid !== "") return metadata.uid;
  throw new KubeError("kube/malformed", "the namespace kube-system has no UID: what answers isn't a Kubernetes API");
}

export class ClusterClaims {
  readonly #options: ClusterClaimsOptions;
  /** One after another: of two that come at once, the second finds the first. */
  #turn: Promise<unknown> = Promise.resolve();
  /** What was claimed since we started: a report that was on its way may hide it in the store for a moment. */
  readonly #claimed = new Map<string, ClusterIdentity>();

  constructor(options: ClusterClaimsOptions) {
    this.#options = options;
  }

  /**
   * The name stands for the cluster with this UID from now on. `replaceable`: a cluster of our own making, which is made
   * anew under its old name. Throws `ClaimRefused`, and what the store throws.
   */
  claim(name: string, uid: string, { replaceable = false } = {}): Promise<Claimed> {
    const result = this.#turn.then(() => this.#claim(name, uid, replaceable));
    this.#turn = result.catch(() => undefined);
    return result;
  }

  async #claim(name: string, uid: string, replaceable: boolean): Promise<Claimed> {
    const { store, now } = this.#options;
    const declared = new Map((await store.read((tx) => tx.all("Cluster"))).map((object) => [object.name, object]));
    const known = (cluster: string): ClusterIdentity | undefined =>
      this.#claimed.get(cluster) ?? store.seen().get(cluster)?.identity;
    /** What an earlier document of that name stood for counts no more. */
    const standing = (cluster: string): ClusterIdentity | undefined => {
      const [object, identity] = [declared.get(cluster), known(cluster)];
      return object !== undefined && identity !== undefined && object.created <= identity.since ? identity : undefined;
    };
    const { connection } = (declared.get(name)?.body as Cluster | undefined)?.spec ?? {};
    if (connection?.uid !== undefined && connection.uid !== uid)
      throw new ClaimRefused(
        `this is the cluster ${uid} (UID of its namespace kube-system), and spec.connection.uid says that it must be ${connection.uid}`,
      );
    for (const [other, { body }] of declared) {
      if (other === name || standing(other)?.uid !== uid) continue;
      const { spec } = body as unknown as Cluster;
      // One that has left has no worker any more.
      if (spec.connection === undefined && !this.#options.linked(other)) continue;
      throw new ClaimRefused(
        `this is the same cluster as ${other} (its namespace kube-system has the UID ${uid}): two names of one cluster would undo each other's work. Delete one of the two Clusters, or give this one the context of another cluster`,
      );
    }
    const last = store.seen().get(name);
    const before = standing(name);
    if (before?.uid === uid) return { identity: before, fresh: false };
    if (before !== undefined && !replaceable && connection?.uid === undefined)
      throw new ClaimRefused(
        `this is another cluster than before (its namespace kube-system has the UID ${uid}, it was ${before.uid}). If ${name} is to be that one from now on, set spec.connection.uid to ${uid}: everything is made there anew, and nothing is touched any more where it was`,
      );
    const fresh = (known(name)?.uid ?? uid) !== uid;
    const identity = { uid, since: now() };
    if (fresh)
      await store.write(async (tx) =>
        tx.deleteLedger(
          name,
          (await tx.ledger(name)).map(({ key }) => key),
        ),
      );
    // Before anything is done there: whoever claims it later must find this.
    this.#claimed.set(name, identity);
    await store.putSeen({
      ...(fresh || last === undefined ? { cluster: name, applied: 0, ready: {}, at: 0 } : last),
      identity,
    });
    return { identity, fresh };
  }
}
