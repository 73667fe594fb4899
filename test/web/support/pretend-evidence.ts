import type { EvidenceSource } from "../../../src/release/observe.ts";
import type { Counts } from "../../../src/signals/tally.ts";
import type { Store } from "../../../src/store/store.ts";

/** Requests a second that arrive at each app in each cluster. */
const rate = 40;

/**
 * NOT the signals of a fleet: requests that are made up, spread over revisions by the weights in force. A revision whose
 * image says `bad` fails one in four.
 */
export function pretendEvidence(store: Pick<Store, "inForce">): EvidenceSource {
  return {
    watch: () => () => undefined,
    evidence: ({ app, cluster, kind, revision, baseline, from, to, intervalMs }) => {
      const view = store.inForce();
      const lane = view.lanes.get(cluster)?.get(app)?.value;
      const counts = (of: string | null, ms: number): Counts => {
        const share = lane?.kind !== "home" ? 0 : of === null ? 100 : (lane.weights[of] ?? 0);
        const requests = (rate * (share / 100) * ms) / 1000;
        const snapshot = lane?.kind === "home" && of !== null ? view.snapshots.get(lane.live[of] ?? "") : undefined;
        const bad = snapshot?.part === "workload" && snapshot.value.image.includes("bad");
        return {
          requests,
          failed: bad ? requests / 4 : 0,
          byProxy: 0,
          latency: [
            { upTo: 25, count: requests },
            { upTo: Infinity, count: 0 },
          ],
        };
      };
      return Array.from({ length: Math.max(0, Math.floor((to - from) / intervalMs)) }, (_, index) => ({
        from: from + index * intervalMs,
        to: from + (index + 1) * intervalMs,
        subject: counts(kind === "workload" ? revision : null, intervalMs),
        baseline:
          kind === "workload" ? (baseline === null ? null : counts(baseline, intervalMs)) : counts(null, intervalMs),
        heard: 6,
        total: 6,
      }));
    },
  };
}
