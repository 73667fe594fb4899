import type { Wait } from "../rollout/gates.ts";
import type { ReleaseState } from "../rollout/state.ts";
import type { WriteTx } from "../store/store.ts";

/** Where a release stands, for people: `status` of the Release. Times in Unix ms. */
export interface ReleaseStatus {
  phase: "waiting" | "progressing" | "paused" | "going back" | "finished" | "failed" | "superseded" | (string & {});
  /** The stage that it is in; null: none, or it has ended. */
  step: string | null;
  /** The workload that it brings, or goes on with. */
  revision?: string | null;
  /** What is waited for, or why it failed. */
  reason?: string;
  code?: string;
  /** When the wait is over, and what happens then. */
  deadline?: number;
  then?: string;
  /** Everything that is waited for, by cluster (empty: the whole fleet). */
  waits?: readonly Wait[];
  finishedAt?: number;
}

/** The spec of a Release never changes; its status is what this writes. */
export async function putStatus(tx: WriteTx, app: string, release: number, status: ReleaseStatus): Promise<void> {
  const object = await tx.get("Release", `${app}-r${release}`);
  if (object === undefined) return;
  const kept = (object.body.status as ReleaseStatus | undefined)?.revision;
  await tx.put({ ...object.body, status: { ...(kept !== undefined && { revision: kept }), ...status } });
}

/** Of a release that hasn't ended. */
export function phaseOf(state: ReleaseState, begun = true): string {
  if (state.failure !== undefined) return "going back";
  if (state.paused !== undefined) return "paused";
  return begun ? "progressing" : "waiting";
}
