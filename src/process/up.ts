import { join } from "node:path";
import { request } from "undici";
import type { UpOptions } from "../cli/main.ts";
import { ApiClient } from "../cli/api-client.ts";
import { CliError } from "../cli/cli-error.ts";
import { connection } from "../cli/connection.ts";
import { count, marks, paint } from "../cli/output.ts";
import { Progress } from "../cli/progress.ts";
import type { Child } from "./child.ts";
import { parseClusters } from "./cluster-option.ts";
import { apiServerUrl } from "./configs.ts";
import { isPortFree } from "../cluster/runtime/free-port.ts";
import { freePort } from "./free-port.ts";
import { type FleetFile, homeFolder, openFleet, writeFleet } from "./home.ts";
import { awayMs, patiently } from "../cli/patience.ts";
import { prepare } from "./prepare.ts";
import { ownProcesses } from "./proc.ts";
import { tryStore } from "../store/open-store.ts";
import { StoreUnavailable } from "../store/store-error.ts";
import { endRest, Supervisor } from "./supervisor.ts";
import { claimSupervision } from "./supervisor-lock.ts";
import { wayIn, whatToTry } from "./welcome.ts";

const againMs = 1000;

/** Starts (or resumes, or adopts) the fleet of this home and stays until it is told to stop. */
export async function up(options: UpOptions): Promise<void> {
  const home = homeFolder();
  const other = claimSupervision(home);
  if (other !== undefined) {
    console.log(
      `The fleet of ${home} is up already (supervisor ${other}): ${apiServerUrl(openFleet(home))}\nStop it with "npx quipu down".`,
    );
    return;
  }
  const progress = new Progress();
  // The server reads it from its configuration; nobody else needs to know a password.
  delete process.env.QUIPU_DATABASE;
  const found = await chooseDatabase(
    home,
    openFleet(home, { ...(options.cluster === undefined ? {} : { clusters: parseClusters(options.cluster) }) }),
    options.database,
  );
  const fleet = await choosePort(home, found, options.port);
  progress.update("preparing trust and configuration");
  await prepare(home, fleet, Date.now());

  const say = (text: string) => void process.stderr.write(`${paint("yellow", marks.wait, process.stderr)} ${text}\n`);
  const supervisor = new Supervisor(home, fleet, say);
  let load: Child[] = [];
  let stopping: Promise<void> | undefined;
  const stopped = new Promise<void>((resolve) => {
    let since = 0;
    const stop = () => {
      // A terminal's Ctrl-C may arrive twice, once from npm: only what comes later was meant as a second one.
      if (stopping !== undefined && Date.now() - since > againMs)
        void endRest(fleet.id, 0).then(() => process.exit(130));
      if (stopping !== undefined) return;
      since = Date.now();
      stopping = (async () => {
        const goodbye = new Progress();
        goodbye.update("stopping apps, sidecars, clusters and server (once more to stop at once)");
        await Promise.all(load.map((child) => child.stop()));
        await supervisor.stop(say);
        goodbye.done("stopped; the state stays for the next start");
        resolve();
      })();
    };
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);
  });
  const adopted = supervisor.start();
  progress.update(
    adopted.length > 0
      ? `adopted ${adopted.length} running processes; starting the rest`
      : "starting server, clusters and meshes",
  );
  let up = false;
  try {
    await Promise.race([ready(fleet, supervisor), stopped]);
    up = true;
  } catch (error) {
    progress.done("the fleet didn't come up", false);
    if (adopted.length === 0) {
      await supervisor.stop(() => undefined);
      throw error;
    }
    // What ran before us serves its users, whatever is wrong with the rest.
    process.stderr.write(
      `${paint("red", marks.bad, process.stderr)} ${(error as Error).message}\nWhat was running goes on; what is missing is tried again. Ctrl-C stops all of it.\n`,
    );
  }
  if (up && stopping === undefined) {
    progress.done(`${count(fleet.clusters.length, "cluster is", "clusters are")} up`);
    const client = new ApiClient(connection(home, {}));
    try {
      const stopped = () => stopping !== undefined;
      console.log(await patiently(() => wayIn(client, home, fleet), { forMs: awayMs, stopped }));
      if (options.demo === true) await (await import("./demo.ts")).demo(client, stopped);
      if (options.demo === true && options.load && !stopped())
        load = await (await import("./load.ts")).startLoad(home, fleet, say);
      if (!stopped()) console.log(`\n${await whatToTry(client, fleet, options.demo === true)}`);
    } catch (error) {
      // The fleet is up: what failed is told, and everything stays for a look.
      process.stderr.write(`${paint("red", marks.bad, process.stderr)} ${(error as Error).message}\n`);
    } finally {
      await client.close();
    }
  }
  // Children are unreferenced, since they outlive us: something else must keep this process there.
  const alive = setInterval(() => undefined, 60_000);
  await stopped;
  clearInterval(alive);
  // Children are not waited for: they were ended above, or were never ours.
  process.exit(0);
}

/** Keeps the port that the home had when it is free (or held by our own server); else the next free one. */
async function choosePort(home: string, fleet: FleetFile, wanted: number | undefined): Promise<FleetFile> {
  const ours = ownProcesses(fleet.id).some((own) => own.role === "server");
  if (ours && (wanted === undefined || wanted === fleet.port)) return fleet;
  if (wanted !== undefined && !(await isPortFree(wanted, fleet.host)))
    throw new CliError("usage", `port ${wanted} is in use`, "Give another one with --port, or none.");
  const port = wanted ?? (await freePort(fleet.host, fleet.port));
  if (port === fleet.port) return fleet;
  const moved = { ...fleet, port };
  writeFleet(home, moved);
  return moved;
}

/** Remembers where the state is to be kept. What is wrong with it is told before anything has been started. */
async function chooseDatabase(home: string, fleet: FleetFile, wanted: string | undefined): Promise<FleetFile> {
  const database = wanted ?? fleet.database;
  // What runs serves its users, whatever is wrong with the database now: the server says so itself.
  if (ownProcesses(fleet.id).length === 0)
    await tryStore(join(home, "store"), database).catch((error: Error) => {
      throw new CliError(
        error instanceof StoreUnavailable ? "unreachable" : "usage",
        error.message,
        "The database is named by --database, QUIPU_DATABASE, or the last start of this home.",
      );
    });
  if (database === undefined || database === fleet.database) return fleet;
  const changed = { ...fleet, database };
  writeFleet(home, changed);
  return changed;
}

async function ready(fleet: FleetFile, supervisor: Supervisor): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    try {
      const { statusCode, body } = await request(`${apiServerUrl(fleet)}/readyz`, { headersTimeout: 2000 });
      await body.dump();
      if (statusCode === 200) return;
    } catch {
      // Not listening yet.
    }
    const gaveUp = supervisor.down().find((child) => child.gaveUp);
    if (gaveUp !== undefined)
      throw new CliError(
        "unreachable",
        `${gaveUp.role} can't go on:\n${gaveUp.log}`,
        "Its log is in the logs folder of the home.",
      );
    if (Date.now() > deadline) {
      const logs = supervisor
        .down()
        .map(({ role, log }) => `${role}:\n${log}`)
        .join("\n");
      throw new CliError(
        "unreachable",
        `the server isn't ready after 60 s${logs === "" ? "" : `; not running:\n${logs}`}`,
        "Logs are in the logs folder of the home.",
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
