/** What a cluster's worker is given, and what it says of itself. */
import type { BackOff } from "../kube/back-off.ts";
import type { Clock } from "../kube/clock.ts";
import type { KubeClient } from "../kube/kube-client.ts";
import type { DriftedObject } from "../model/drift.ts";
import type { Seen } from "../model/rows.ts";
import type { Unhealthy } from "../model/unhealthy.ts";
import type { DesiredSource, ObjectKey } from "./desired.ts";
import type { Healing } from "./healing.ts";
import type { Ledger } from "./ledger.ts";
import type { RateLimit } from "./token-bucket.ts";
import type { WorkerEvent } from "./worker-event.ts";

export interface ClusterWorkerOptions {
  cluster: string;
  kube: KubeClient;
  desired: DesiredSource;
  ledger: Ledger;
  /** Called when something changed, at most every `reportMs`, and every `heartbeatMs` anyway. */
  report: (seen: Seen) => void;
  /** What was last reported, by an earlier process: it stands until something newer is known. */
  last?: Seen;
  /**
   * Asks which cluster this is, before anything is read or written there, and again while it throws why the cluster must
   * be left alone. `fresh`: it isn't the one that `last` and the ledger's entries were about; these are void. Whoever
   * answers may know what was last reported where the process doesn't.
   */
  identify?: () => Promise<{ identity: NonNullable<Seen["identity"]>; fresh: boolean; last?: Seen }>;
  /** Whether what is changed by hand is put right. Default: always. */
  healing?: Healing;
  /** What else people must know about this cluster; undefined: nothing. */
  remark?: () => string | undefined;
  event?: (event: WorkerEvent) => void;
  clock?: Clock;
  random?: () => number;
  /** Requests to the cluster's API, watches apart. Default 50 a second after a burst of 200. */
  rateLimit?: RateLimit;
  /** Requests in flight at once. Default 8. */
  concurrency?: number;
  /** Whether everything made for rows may be pruned, when no row wants anything any more. Default: no. */
  mayBeEmpty?: () => boolean;
  backOff?: BackOff;
  reportMs?: number;
  heartbeatMs?: number;
}

export interface WorkerStatus {
  /** Revision that is applied wholly, and the one that is wanted. */
  applied: number;
  wanted: number;
  /** Objects still to be looked at. */
  pending: number;
  /** What is refused, by object. */
  failures: { key: ObjectKey; error: string }[];
  /** What was changed by hand, and what became of it. */
  drift: readonly DriftedObject[];
  drifting: number;
  /** What isn't well by its own status. */
  unhealthy: Unhealthy;
  error?: string;
  /** Ms since the cluster last told us something; Infinity: never. */
  ageMs: number;
}
