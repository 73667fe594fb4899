import type { FoundProcess } from "../cluster/runtime/process-scan.ts";

export interface Supervision {
  /** Role → the process to go on with. */
  adopt: Map<string, FoundProcess>;
  /** Second processes of a role. */
  kill: FoundProcess[];
}

/**
 * What a supervisor does with the processes that it finds. `held` are the pids that it looks after already. Of two that
 * say to be the same the held one stays, else the elder: a supervisor that was killed while it started a process may
 * have left one that showed up only after the next had started another. What doesn't lead its session isn't of a
 * supervisor's making: between fork and exec a pod's process still shows the environment of the cluster it comes from.
 */
export function planSupervision(
  roles: readonly string[],
  found: readonly FoundProcess[],
  held: ReadonlySet<number> = new Set(),
): Supervision {
  const plan: Supervision = { adopt: new Map(), kill: [] };
  for (const role of roles) {
    const [chosen, ...others] = found
      .filter((process) => process.role === role && process.session === process.pid)
      .sort((a, b) => Number(held.has(b.pid)) - Number(held.has(a.pid)) || a.startTime - b.startTime || a.pid - b.pid);
    if (chosen !== undefined) plan.adopt.set(role, chosen);
    plan.kill.push(...others);
  }
  return plan;
}
