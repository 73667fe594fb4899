import { join } from "node:path";
import { Child, type ChildSpec } from "./child.ts";
import { checkout, removeRunFolder, type FleetFile } from "./home.ts";
import { clusterFolder } from "./configs.ts";
import { readStat } from "../cluster/runtime/process-scan.ts";
import { isAlive, ownProcesses, send } from "./proc.ts";
import { stopPods } from "./stop-pods.ts";
import { planSupervision } from "./supervision.ts";
import { releaseSupervision } from "./supervisor-lock.ts";

/** When a supervisor looks again for second processes: soon after its start, then now and then. */
const firstSweepMs = 1000;
const sweepMs = 60_000;

/**
 * Keeps the server, and each cluster's and mesh's process, running. It holds nothing that matters: when it dies,
 * all others go on, and the next one adopts them.
 */
export class Supervisor {
  readonly #home: string;
  readonly #fleet: FleetFile;
  readonly #children: Child[];
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #say: (text: string) => void;

  constructor(home: string, fleet: FleetFile, say: (text: string) => void) {
    this.#home = home;
    this.#fleet = fleet;
    this.#say = say;
    this.#children = specs(home, fleet).map((spec) => new Child(spec, say));
  }

  /** Adopts what runs, starts what doesn't. Returns the roles that were adopted. */
  start(): string[] {
    const adopted = this.#sweep();
    for (const child of this.#children) if (!child.running) child.start();
    // A process that was forked just before the last supervisor was killed may not have shown its environment yet.
    this.#timers.push(
      setTimeout(() => this.#sweep(), firstSweepMs),
      setInterval(() => this.#sweep(), sweepMs),
    );
    for (const timer of this.#timers) timer.unref();
    return adopted;
  }

  /** Adopts what runs and nobody looks after, ends what runs twice. Returns the roles that were adopted. */
  #sweep(): string[] {
    const held = new Set(this.#children.flatMap(({ pid, running }) => (running ? [pid as number] : [])));
    const roles = this.#children.map(({ spec }) => spec.role);
    const { adopt, kill } = planSupervision(roles, ownProcesses(this.#fleet.id), held);
    const adopted: string[] = [];
    for (const child of this.#children) {
      const found = adopt.get(child.spec.role);
      if (found === undefined || held.has(found.pid)) continue;
      child.adopt(found.pid, found.startTime);
      adopted.push(child.spec.role);
    }
    for (const second of kill) {
      // One that the first has just forked looks like it until it becomes another program.
      if (readStat(second.pid)?.parent === adopt.get(second.role)?.pid || !isAlive(second.pid, second.startTime))
        continue;
      this.#say(`${second.role} runs twice (${adopt.get(second.role)?.pid} and ${second.pid}): the second is ended`);
      send(second.pid, "SIGKILL");
    }
    return adopted;
  }

  /** Stops everything that belongs to the fleet: pods first, so that no app is left without its cluster. */
  async stop(say: (text: string) => void): Promise<void> {
    const of = (prefix: string) => this.#children.filter((child) => child.spec.role.startsWith(prefix));
    for (const timer of this.#timers) clearTimeout(timer);
    await Promise.all(of("server").map((child) => child.stop()));
    await Promise.all(
      of("cluster/").map(async (child) => {
        const name = child.spec.role.slice("cluster/".length);
        await stopPods(clusterFolder(this.#home, name)).catch((error: Error) =>
          say(`cluster ${name} didn't stop its pods: ${error.message}; they are ended now`),
        );
        await child.stop();
      }),
    );
    await Promise.all(of("mesh/").map((child) => child.stop()));
    await endRest(this.#fleet.id);
    removeRunFolder(this.#fleet.id);
    releaseSupervision(this.#home);
  }

  /** Roles that don't run at this moment, with the end of their log. */
  down(): { role: string; log: string; gaveUp: boolean }[] {
    return this.#children
      .filter((child) => !child.running)
      .map((child) => ({ role: child.spec.role, log: child.tail(), gaveUp: child.gaveUp }));
  }
}

/** Ends what is left of a fleet: first asked, then ended. Only processes that carry its mark. Returns how many there were. */
export async function endRest(fleet: string, graceMs = 5000): Promise<number> {
  const marked = () => ownProcesses(fleet).filter(({ pid }) => pid !== process.pid);
  const rest = marked();
  for (const { pid } of rest) send(pid, "SIGTERM");
  const deadline = Date.now() + graceMs;
  while (Date.now() < deadline && rest.some(({ pid, startTime }) => isAlive(pid, startTime)))
    await new Promise((resolve) => setTimeout(resolve, 50));
  // Looked for anew: what was asked may have started others before it ended.
  for (let left = marked(); left.length > 0; left = marked()) {
    for (const { pid } of left) send(pid, "SIGKILL");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return rest.length;
}

function specs(home: string, fleet: FleetFile): ChildSpec[] {
  const one = (role: string, config: string): ChildSpec => ({
    role,
    command: [
      process.execPath,
      "--disable-warning=ExperimentalWarning",
      join(checkout, "src/process/main.ts"),
      role.split("/")[0] as string,
      config,
    ],
    env: { NODE_COMPILE_CACHE: join(home, "compile-cache"), ...process.env, QUIPU_FLEET: fleet.id, QUIPU_ROLE: role },
    log: join(home, "logs", `${role.replace("/", "-")}.log`),
  });
  return [
    ...fleet.clusters.flatMap(({ name }) => [
      one(`cluster/${name}`, join(clusterFolder(home, name), "cluster.json")),
      one(`mesh/${name}`, join(clusterFolder(home, name), "mesh.json")),
    ]),
    one("server", join(home, "server.json")),
  ];
}
