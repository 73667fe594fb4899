import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Child, type ChildSpec } from "./child.ts";
import { checkout, type FleetFile } from "./home.ts";
import { clusterFolder } from "./configs.ts";
import { isAlive, ownProcesses, startTimeOf } from "./proc.ts";
import { stopPods } from "./stop-pods.ts";

/**
 * Keeps the server, and each cluster's and mesh's process, running. It holds nothing that matters: when it dies,
 * all others go on, and the next one adopts them.
 */
export class Supervisor {
  readonly #home: string;
  readonly #fleet: FleetFile;
  readonly #children: Child[];
  readonly #lock: string;

  constructor(home: string, fleet: FleetFile, say: (text: string) => void) {
    this.#home = home;
    this.#fleet = fleet;
    this.#lock = join(home, "supervisor.lock");
    this.#children = specs(home, fleet).map((spec) => new Child(spec, say));
  }

  /** Adopts what runs, starts what doesn't. Returns the roles that were adopted. */
  start(): string[] {
    writeFileSync(this.#lock, `${process.pid} ${startTimeOf(process.pid) ?? ""}`, { mode: 0o600 });
    const running = new Map(ownProcesses(this.#fleet.id).map((own) => [own.role, own.pid]));
    const adopted: string[] = [];
    for (const child of this.#children) {
      const pid = running.get(child.spec.role);
      if (pid === undefined) child.start();
      else {
        child.adopt(pid);
        adopted.push(child.spec.role);
      }
    }
    return adopted;
  }

  /** Stops everything that belongs to the fleet: pods first, so that no app is left without its cluster. */
  async stop(say: (text: string) => void): Promise<void> {
    const of = (prefix: string) => this.#children.filter((child) => child.spec.role.startsWith(prefix));
    await Promise.all(of("server").map((child) => child.stop()));
    await Promise.all(of("cluster/").map(async (child) => {
      const name = child.spec.role.slice("cluster/".length);
      await stopPods(clusterFolder(this.#home, name)).catch((error: Error) => say(`cluster ${name} didn't stop its pods: ${error.message}; they are ended now`));
      await child.stop();
    }));
    await Promise.all(of("mesh/").map((child) => child.stop()));
    await endRest(this.#fleet.id);
    rmSync(this.#lock, { force: true });
  }

  /** Roles that don't run at this moment, with the end of their log. */
  down(): { role: string; log: string }[] {
    return this.#children.filter((child) => !child.running).map((child) => ({ role: child.spec.role, log: child.tail() }));
  }
}

/** The supervisor of this home that is running, if any. */
export function runningSupervisor(home: string): number | undefined {
  const path = join(home, "supervisor.lock");
  if (!existsSync(path)) return undefined;
  const [pid, startTime] = readFileSync(path, "utf8").split(" ");
  return startTime !== undefined && isAlive(Number(pid), startTime) ? Number(pid) : undefined;
}

/** Ends what is left of a fleet: first asked, then ended. Only processes that carry its mark. */
export async function endRest(fleet: string): Promise<number> {
  const rest = ownProcesses(fleet).filter((own) => own.role !== "supervisor" && own.pid !== process.pid);
  for (const { pid } of rest) signal(pid, "SIGTERM");
  for (let waited = 0; waited < 5000 && rest.some((own) => isAlive(own.pid, own.startTime)); waited += 50) await new Promise((resolve) => setTimeout(resolve, 50));
  for (const { pid, startTime } of rest) if (isAlive(pid, startTime)) signal(pid, "SIGKILL");
  return rest.length;
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended by itself.
  }
}

function specs(home: string, fleet: FleetFile): ChildSpec[] {
  const one = (role: string, config: string): ChildSpec => ({
    role,
    command: [process.execPath, "--disable-warning=ExperimentalWarning", join(checkout, "src/process/main.ts"), role.split("/")[0] as string, config],
    env: { ...process.env, QUIPU_FLEET: fleet.id, QUIPU_ROLE: role, NODE_COMPILE_CACHE: join(home, "compile-cache") },
    log: join(home, "logs", `${role.replace("/", "-")}.log`),
  });
  return [
    ...fleet.clusters.flatMap(({ name }) => [one(`cluster/${name}`, join(clusterFolder(home, name), "cluster.json")), one(`mesh/${name}`, join(clusterFolder(home, name), "mesh.json"))]),
    one("server", join(home, "server.json")),
  ];
}
