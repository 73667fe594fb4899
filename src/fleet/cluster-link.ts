/** All that joins a server to one cluster: what is in force, rendered for it, and a worker that applies it and reports. */
import type { Seen } from "../model/rows.ts";
import { KubeClient } from "../kube/kube-client.ts";
import type { KubeConnection } from "../kube/kube-connection.ts";
import type { Store } from "../store/store.ts";
import { baseline, type BaselineOptions } from "./bootstrap.ts";
import { clusterUid, type Claimed } from "./cluster-claims.ts";
import { ClusterWorker } from "./cluster-worker.ts";
import { withBaseline, type DesiredSource } from "./desired.ts";
import { renderedSource } from "./rendered-source.ts";
import { storeLedger } from "./store-ledger.ts";
import type { ClusterWorkerOptions } from "./worker-options.ts";

export interface ClusterLinkOptions extends Pick<
  ClusterWorkerOptions,
  "event" | "rateLimit" | "mayBeEmpty" | "healing" | "remark"
> {
  cluster: string;
  connection: KubeConnection;
  store: Pick<Store, "inForce" | "onInForce" | "read" | "write" | "seen" | "putSeen">;
  trustDomain: string;
  baseline?: BaselineOptions;
  /** Whether the cluster with this UID may be taken for the one that is meant. Throws why not. Absent: any. */
  claim?: (uid: string) => Promise<Claimed>;
  /** An observation that the store didn't take. */
  failed?: (error: unknown) => void;
}

export interface ClusterLink {
  readonly kube: KubeClient;
  readonly worker: ClusterWorker;
  /** What the worker is to apply, rendered from what is in force. */
  readonly desired: DesiredSource;
  close(): Promise<void>;
}

/** Starts at once. The cluster needn't answer yet. Throws when what is in force can't be rendered. */
export function openClusterLink(options: ClusterLinkOptions): ClusterLink {
  const { cluster, connection, store, trustDomain, failed, event, rateLimit, mayBeEmpty, healing, remark, claim } =
    options;
  const source = renderedSource(cluster, store, { trustDomain });
  const kube = new KubeClient(connection);
  const last = store.seen().get(cluster);
  const desired = withBaseline(source, baseline(options.baseline));
  const worker = new ClusterWorker({
    cluster,
    kube,
    desired,
    ledger: storeLedger(store),
    report: (seen: Seen) => void store.putSeen(seen).catch((error: unknown) => failed?.(error)),
    ...(last && { last }),
    ...(event && { event }),
    ...(rateLimit && { rateLimit }),
    ...(mayBeEmpty && { mayBeEmpty }),
    ...(healing && { healing }),
    ...(remark && { remark }),
    ...(claim && { identify: async () => claim(await clusterUid(kube)) }),
  });
  worker.start();
  return {
    kube,
    worker,
    desired: source,
    close: async () => {
      source.close();
      // Together: a request that nobody answers would keep the worker waiting.
      await Promise.all([worker.stop(), kube.close()]);
    },
  };
}
