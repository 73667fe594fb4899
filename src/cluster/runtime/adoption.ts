import type { FoundProcess } from "./process-scan.ts";

export type PodRole = "app" | "sidecar";

export interface AdoptionPlan {
  /** Pod uid → the process to go on with for each role. */
  adopt: Map<string, Partial<Record<PodRole, FoundProcess>>>;
  /** Processes that belong to nobody: their pod is gone, they come from a second spawn, or their leader is dead. */
  kill: FoundProcess[];
}

/**
 * What a restarted cluster process does with the pod processes it finds. `known` holds the uids of pods that exist,
 * `held` the pids that are already watched. All processes of one spawn share its mark, and the first leads its session;
 * of two spawns for one role the held one, else the elder, stays: the younger was spawned by a process that did not live
 * to see it. What an app spawns itself is the app's own affair as long as its leader lives.
 */
export function planAdoption(
  cluster: string,
  found: readonly FoundProcess[],
  known: ReadonlySet<string>,
  held: ReadonlySet<number> = new Set(),
): AdoptionPlan {
  const adopt: AdoptionPlan["adopt"] = new Map();
  const kill: FoundProcess[] = [];
  const byRole = new Map<string, FoundProcess[]>();
  for (const process of found) {
    const [role, owner, uid] = process.role.split("/");
    if (owner !== cluster || (role !== "app" && role !== "sidecar") || uid === undefined) continue;
    if (!known.has(uid)) kill.push(process);
    else byRole.set(process.role, [...(byRole.get(process.role) ?? []), process]);
  }
  for (const [name, processes] of byRole) {
    const [role, , uid] = name.split("/") as [PodRole, string, string];
    const leaders = processes.filter((process) => process.pid === process.session);
    const [chosen] = leaders.sort(
      (a, b) => Number(held.has(b.pid)) - Number(held.has(a.pid)) || a.startTime - b.startTime || a.pid - b.pid,
    );
    if (chosen !== undefined) adopt.set(uid, { ...adopt.get(uid), [role]: chosen });
    kill.push(...processes.filter((process) => process.spawn !== chosen?.spawn));
  }
  return { adopt, kill };
}
