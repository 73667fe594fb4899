import type { EvidenceSource } from "../../src/release/observe.ts";
import type { EvidenceQuery, Look } from "../../src/signals/evidence.ts";
import type { Counts } from "../../src/signals/tally.ts";
import type { InForce } from "../../src/store/in-force.ts";
import type { SimCluster } from "./cluster.ts";
import { badCalls, badTraffic, imageIn, truthOf } from "./truth.ts";

const none: Counts = { requests: 0, failed: 0, byProxy: 0, latency: [] };
const good: Counts = {
  requests: 200,
  failed: 0,
  byProxy: 0,
  latency: [
    { upTo: 50, count: 200 },
    { upTo: Infinity, count: 0 },
  ],
};
const bad: Counts = { ...good, failed: 60 };
const slow: Counts = {
  ...good,
  latency: [
    { upTo: 50, count: 20 },
    { upTo: 2000, count: 0 },
    { upTo: Infinity, count: 180 },
  ],
};
const refused: Counts = { ...good, failed: 120, byProxy: 120 };

/** Looks that are kept at most: proxies' figures don't reach back for ever. */
const longest = 6;

/** What proxies would tell, were every answer as the truth of images and rules says. */
export function simEvidence(
  clusters: ReadonlyMap<string, SimCluster>,
  quiet: ReadonlySet<string>,
  inForce: () => InForce,
): EvidenceSource {
  const subjectOf = (query: EvidenceQuery): Counts => {
    const view = inForce();
    const cluster = clusters.get(query.cluster)!;
    const lane = cluster.home(view, query.app);
    if (quiet.has(query.app) || lane === undefined) return none;
    if (query.kind === "traffic") return badTraffic(view, lane.traffic) ? refused : good;
    if (query.kind === "edges") return badCalls(view, lane.calls) ? refused : good;
    const hash = lane.live[query.revision ?? ""];
    if (hash === undefined) return none;
    const truth = truthOf(imageIn(view, hash));
    return truth === "bad" ? bad : truth === "slow" ? slow : good;
  };
  return {
    evidence: (query) => {
      const { from, to, intervalMs, app, cluster } = query;
      const all = Math.max(0, Math.floor((to - from - 1000) / intervalMs));
      if (all === 0) return [];
      const count = Math.min(all, longest);
      const first = from + (all - count) * intervalMs;
      const subject = subjectOf(query);
      const baseline = quiet.has(app) ? none : good;
      const heard = clusters.get(cluster)!.deaf ? 1 : 2;
      return Array.from({ length: count }, (_, n): Look => ({
        from: first + n * intervalMs,
        to: first + (n + 1) * intervalMs,
        subject,
        baseline,
        heard,
        total: 2,
      }));
    },
    watch: () => () => undefined,
  };
}
