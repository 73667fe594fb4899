import { CliError } from "../cli/cli-error.ts";
import { Progress } from "../cli/progress.ts";
import { clusterFolder } from "./configs.ts";
import { homeFolder, readFleet, removeRunFolder } from "./home.ts";
import { endRest } from "./supervisor.ts";
import { runningSupervisor } from "./supervisor-lock.ts";
import { readStat } from "../cluster/runtime/process-scan.ts";
import { isAlive, ownProcesses, send } from "./proc.ts";
import { stopPods } from "./stop-pods.ts";

/** Stops the fleet of this home wherever it was started; what is stored stays. */
export async function down(): Promise<void> {
  const home = homeFolder();
  const fleet = readFleet(home);
  if (fleet === undefined)
    throw new CliError("usage", `there is no fleet in ${home}`, 'Start one with "npm start" or "quipu up".');
  const progress = new Progress();
  const supervisor = runningSupervisor(home);
  progress.update("stopping the fleet");
  if (supervisor !== undefined) {
    const startTime = readStat(supervisor)?.startTime ?? 0;
    send(supervisor, "SIGTERM");
    for (let waited = 0; waited < 60_000 && isAlive(supervisor, startTime); waited += 50)
      await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const left = ownProcesses(fleet.id);
  if (left.length > 0) {
    // Nobody supervises it: its clusters are asked to stop their pods, then whatever is left is ended.
    await Promise.all(fleet.clusters.map(({ name }) => stopPods(clusterFolder(home, name)).catch(() => undefined)));
    await endRest(fleet.id);
  }
  // Unless somebody has just started it again.
  if (runningSupervisor(home) === undefined && ownProcesses(fleet.id).length === 0) removeRunFolder(fleet.id);
  progress.done(
    supervisor === undefined && left.length === 0 ? "nothing was running" : "the fleet is stopped; its state stays",
  );
}
