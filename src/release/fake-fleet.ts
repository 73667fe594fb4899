import type { Missing, Seen } from "../model/rows.ts";
import type { InForce } from "../store/in-force.ts";
import type { EvidenceSource } from "./observe.ts";
import type { Store } from "../store/store.ts";

/**
 * NOT a worker: stands in for one in unit tests. It claims that what is in force has been applied and that pods are
 * ready, or not, as the test says. The real one is proved by the end-to-end tests.
 */
export function fakeFleet(
  store: Store,
  clusters: readonly string[],
  options: {
    trouble?: (app: string, revision: string, image: string) => string | undefined;
    silent?: () => readonly string[];
    /** What isn't applied although later revisions are. */
    missing?: () => Missing[];
    /** What else is told of a cluster's objects. */
    told?: (cluster: string) => Pick<Seen, "drift" | "drifting" | "unhealthy">;
    onView?: (view: InForce) => void;
    /** All clusters are seen anew that often, in ms, as they are. Absent: only when something is in force anew. */
    againMs?: number;
  } = {},
): () => void {
  const observed = (view: InForce, cluster: string): Seen => {
    const ready: Seen["ready"] = {};
    for (const [app, { value: lane }] of view.lanes.get(cluster) ?? []) {
      if (lane.kind !== "home") continue;
      ready[app] = {};
      for (const [revision, hash] of Object.entries(lane.live)) {
        const workload = view.snapshots.get(hash);
        const scale = view.snapshots.get(lane.scale);
        const min = scale?.part === "scale" ? scale.value.min : 0;
        const reason = options.trouble?.(app, revision, workload?.part === "workload" ? workload.value.image : "");
        ready[app][revision] = reason === undefined ? { ready: min, total: min } : { ready: 0, total: min, reason };
      }
    }
    const missing = options.missing?.() ?? [];
    const applied =
      missing.length === 0
        ? { applied: view.revision }
        : { applied: Math.min(...missing.map(({ from }) => from)) - 1, beyond: { upTo: view.revision, missing } };
    return {
      cluster,
      ...applied,
      ...options.told?.(cluster),
      ready,
      at: options.againMs === undefined ? 0 : Date.now(),
    };
  };
  let due = true;
  let looking: Promise<void> | undefined;
  // One round at a time, of what is in force by then: on a slow machine no queue of rounds may grow.
  const look = (): void => {
    due = true;
    looking ??= (async () => {
      while (due) {
        due = false;
        const view = store.inForce();
        const silent = options.silent?.() ?? [];
        const heard = clusters.filter((cluster) => !silent.includes(cluster));
        await Promise.all(heard.map((cluster) => store.putSeen(observed(view, cluster)).catch(() => undefined)));
      }
      looking = undefined;
    })();
  };
  const stop = store.onInForce((view) => {
    options.onView?.(view);
    look();
  });
  options.onView?.(store.inForce());
  look();
  const timer = options.againMs === undefined ? undefined : setInterval(look, options.againMs);
  return () => {
    clearInterval(timer);
    stop();
  };
}

/** NOT the signals of a fleet: everybody was heard, and nobody called. */
export const nobodyCalls: EvidenceSource = {
  evidence: ({ from, to }) => {
    const none = { requests: 0, failed: 0, byProxy: 0, latency: [] };
    return to > from ? [{ from, to, subject: none, baseline: none, heard: 1, total: 1 }] : [];
  },
  watch: () => () => undefined,
};
