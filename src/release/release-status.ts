import type { WriteTx } from "../store/store.ts";

/** Where a release stands, for people: `status` of the Release. */
export interface ReleaseStatus {
  phase: "waiting" | "progressing" | "going back" | "finished" | "failed" | "superseded" | (string & {});
  /** The last step that was written; null: none, or it has ended. */
  step: string | null;
  /** The workload that it brings, or goes on with. */
  revision?: string | null;
  /** What is waited for, or why it failed. */
  reason?: string;
  code?: string;
  /** Unix ms, and what happens then. */
  deadline?: number;
  then?: string;
  finishedAt?: number;
  unproven?: readonly string[];
}

/** The spec of a Release never changes; its status is what this writes. */
export async function putStatus(tx: WriteTx, app: string, release: number, status: ReleaseStatus): Promise<void> {
  const object = await tx.get("Release", `${app}-r${release}`);
  if (object === undefined) return;
  const kept = (object.body.status as ReleaseStatus | undefined)?.revision;
  await tx.put({ ...object.body, status: { ...(kept !== undefined && { revision: kept }), ...status } });
}
