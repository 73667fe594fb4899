import { spawn } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isAlive, ownProcesses } from "../../src/process/proc.ts";
import { readStat } from "../../src/cluster/runtime/process-scan.ts";
import type { Pod } from "../../src/objects/core.ts";
import { deployProbe, ground, probeApp } from "../harness/apps.ts";
import { eventually } from "../harness/eventually.ts";
import { TestFleet } from "../harness/fleet.ts";
import { askApp, readyPods, through } from "../harness/traffic.ts";
import { Armed } from "./armed.ts";
import { deletePod, expectWhole, killRole, leader } from "./whole.ts";

/** A busy machine must not turn a right answer red. */
const generousMs = 600_000;

/** Kills exactly between the start of a process and whatever its starter does next; and what a stop leaves, and a start finds. */
const armed = new Armed();
let fleet: TestFleet;

beforeAll(async () => {
  fleet = await TestFleet.start(["bogota=co/co-a"], armed.env);
  await fleet.apply(ground);
  await fleet.apply(
    [
      probeApp({
        name: "erin",
        replicas: 2,
        spec: { calls: [{ app: "frank" }] },
        workload: { command: armed.appCommand },
      }),
      probeApp({ name: "frank" }),
    ].join("---\n"),
  );
  await deployProbe(fleet, "frank", "erin");
  await expectWhole(fleet);
}, generousMs);
afterAll(async () => {
  await fleet?.stop();
  armed.remove();
}, generousMs);

const erins = (): Promise<Pod[]> => readyPods(fleet, "erin");
async function gone(pid: number): Promise<void> {
  await eventually(() => {
    if (readStat(pid) !== undefined) throw new Error(`process ${pid} runs on`);
  });
}

test.each(["app", "sidecar"] as const)(
  "the cluster is killed by the %s that it has just started: it is adopted, not doubled, not orphaned",
  async (kind) => {
    const cluster = leader(fleet, "cluster/bogota")?.pid as number;
    const [erin] = await erins();
    armed.arm(kind);
    await deletePod(fleet, erin as Pod);
    await gone(cluster);
    expect(armed.fired(kind)).toBe(true);
    const pods = await expectWhole(fleet);
    expect(pods.map(({ metadata }) => metadata.uid)).not.toContain(erin?.metadata.uid);
    for (const pod of await erins())
      expect(JSON.parse(await askApp(fleet, pod, "echo"))).toMatchObject({ pod: pod.metadata.name });
  },
  generousMs,
);

test.each(["server", "cluster", "mesh"] as const)(
  "the supervisor is killed by the %s that it has just started: the next one adopts it",
  async (kind) => {
    const role = kind === "server" ? kind : `${kind}/bogota`;
    const supervisor = fleet.supervisor;
    armed.arm(kind);
    const old = await killRole(fleet, role);
    await gone(supervisor);
    expect(armed.fired(kind)).toBe(true);
    const started = leader(fleet, role)?.pid;
    expect(started).not.toBe(old);
    await fleet.up();
    await expectWhole(fleet);
    expect(leader(fleet, role)?.pid).toBe(started);
  },
  generousMs,
);

test(
  "Ctrl-C ends all of a fleet and nothing else; the next start resumes with the same state",
  async () => {
    const other = await TestFleet.start(["quito=ec/ec-a"]);
    const bystander = spawn("sleep", ["300"], { stdio: "ignore" });
    try {
      await expectWhole(other);
      const others = ownProcesses(other.fleet.id);
      const state = async () => ({
        // Not their status, which tells of the moment.
        apps: (await fleet.client.get<{ items: { metadata: object; spec: object }[] }>("/api/v1/apps")).items.map(
          ({ metadata, spec }) => ({ metadata, spec }),
        ),
        pods: (await expectWhole(fleet)).map(({ metadata }) => metadata.uid).sort(),
      });
      const before = await state();
      expect(before.apps).toHaveLength(2);

      await fleet.interrupt();
      expect(ownProcesses(fleet.fleet.id)).toEqual([]);
      expect(ownProcesses(other.fleet.id)).toEqual(others);
      expect(bystander.exitCode ?? bystander.signalCode).toBeNull();

      await fleet.up();
      expect(await state()).toEqual(before);
      const [erin] = await erins();
      await eventually(async () => {
        const { status, body } = await through(erin?.status?.podIP as string, "http://frank.one/echo");
        if (status !== 200) throw new Error(`${status} ${body}`);
      });
      expect(ownProcesses(other.fleet.id)).toEqual(others);
    } finally {
      bystander.kill("SIGKILL");
      await other.stop();
    }
  },
  generousMs,
);

test(
  "quipu down ends what a killed supervisor has left, pods too",
  async () => {
    const { supervisor } = fleet;
    process.kill(supervisor, "SIGKILL");
    await gone(supervisor);
    expect(ownProcesses(fleet.fleet.id).length).toBeGreaterThan(5);
    expect(await fleet.cli("down")).toMatchObject({ code: 0 });
    expect(ownProcesses(fleet.fleet.id)).toEqual([]);
  },
  generousMs,
);

test(
  "a second Ctrl-C ends all at once",
  async () => {
    await fleet.up();
    const all = ownProcesses(fleet.fleet.id);
    const [server] = all.filter(({ role }) => role === "server");
    // One that doesn't end when asked: it holds up a stop for its whole grace.
    process.kill(server?.pid as number, "SIGSTOP");
    process.kill(fleet.supervisor, "SIGINT");
    await delay(1500);
    expect(isAlive(server?.pid as number, server?.startTime as number)).toBe(true);
    process.kill(fleet.supervisor, "SIGINT");
    await gone(fleet.supervisor);
    expect(ownProcesses(fleet.fleet.id)).toEqual([]);
  },
  generousMs,
);
