import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isReady } from "../../src/cluster/controllers/pod-state.ts";
import type { Pod } from "../../src/objects/core.ts";
import { deployProbe, ground, probeApp } from "../harness/apps.ts";
import { eventually } from "../harness/eventually.ts";
import { TestFleet } from "../harness/fleet.ts";
import { meshState } from "./support/mesh-state.ts";
import { positionsOf } from "./support/journal-positions.ts";
import { linesNear } from "./support/log-lines.ts";
import { Load } from "../kills/load.ts";
import { tell } from "../kills/outage.ts";
import { pick, seeded } from "../kills/random.ts";
import { runFolder } from "../../src/process/home.ts";
import { expectWhole, killRole, podsOf } from "../kills/whole.ts";

const generousMs = 900_000;
const seed = Number(process.env["QUIPU_SEED"] ?? Date.now() % 1_000_000);
const random = seeded(seed);

/** Where a release can be when a process dies. Each is hit at least once. */
const forward = [
  ...["admit", "open"].flatMap((stage) => [`write ${stage}`, `held ${stage}`]),
  "write wave",
  ...["create", "subset", "weight", "scale", "traffic", "settle", "remove"].flatMap((step) => [
    `write ${step}`,
    `held ${step}`,
  ]),
  ...["switch", "narrow"].flatMap((stage) => [`write ${stage}`, `held ${stage}`]),
];
const backward = [
  "fail",
  "back: write unwave",
  ...["back", "unsubset", "discard", "shut", "restore"].flatMap((step) => [
    `back: write ${step}`,
    `back: held ${step}`,
  ]),
];
/** Each kind of process dies at least so often. */
const times = 10;
/** Kills of one canary. */
const perCanary = 6;

let fleet: TestFleet;
let caller: Pod;
let gateway: Pod;
const loads = [
  new Load("through alice's sidecar", 150, () => ({
    host: caller.status?.podIP as string,
    port: 15001,
    path: "http://bob.one/",
    authority: "bob.one",
  })),
  new Load("through the gateway", 60, () => ({
    host: gateway.status?.podIP as string,
    port: 8080,
    path: "/",
    authority: "bob.example",
  })),
];
const kills: { at: number; what: string; position: string }[] = [];
const deliberate = /"broken":true/;
/** What all proxies had when the first request failed that shouldn't have. */
let atFirstFailure: Promise<string> | undefined;

async function ready(labelSelector: string): Promise<Pod> {
  return eventually(async () => {
    const pod = (await podsOf(fleet, labelSelector)).find(isReady);
    if (pod === undefined) throw new Error(`no ready pod of ${labelSelector}`);
    return pod;
  });
}

const bob = (version: number, broken: boolean) =>
  probeApp({
    name: "bob",
    replicas: 2,
    env: { VERSION: String(version), ...(broken && { BROKEN: "1" }) },
    spec: {
      expose: [{ host: "bob.example" }],
      // Another one each time, so that a good release switches traffic too.
      traffic: {
        timeout: `${5 + (version % 5)}s`,
        perCaller: {
          // A machine that stands still for a second isn't what is looked for here.
          connectionPool: { connectTimeout: "5s" },
          outlierDetection: { consecutive5xxErrors: 0 },
        },
      },
      rollout: {
        steps: [
          { weight: 30, hold: "1s" },
          { weight: 60, hold: "1s" },
        ],
        analysis: { interval: "1s", minRequests: 5, failureLimit: 1 },
        progressDeadline: "2m",
      },
    },
  });

beforeAll(async () => {
  console.log(`QUIPU_SEED=${seed}`);
  fleet = await TestFleet.start();
  await fleet.apply(ground);
  await fleet.apply(`${probeApp({ name: "alice", spec: { calls: [{ app: "bob" }] } })}---\n${bob(1, false)}`);
  await deployProbe(fleet, "bob", "alice");
  [caller, gateway] = await Promise.all([ready("app=alice"), ready("istio=ingressgateway")]);
  for (const load of loads) load.start();
  await eventually(
    () => {
      const wrong = loads.flatMap(({ failures }) => failures.splice(0));
      if (wrong.length > 0) throw new Error(tell(wrong, []).slice(0, 3).join("\n"));
    },
    30_000,
    500,
  );
  const [cluster] = fleet.fleet.clusters.map(({ name }) => name) as [string];
  for (const load of loads)
    load.failed = ({ what }) => {
      if (!deliberate.test(what)) atFirstFailure ??= meshState(runFolder(fleet.fleet.id), cluster).catch(String);
    };
}, generousMs);

afterAll(async () => {
  await Promise.all(loads.map((load) => load.stop()));
  await fleet?.stop();
}, generousMs);

/** Waits until the release has come to one of the positions, or has ended. */
async function reached(
  release: number,
  wanted: ReadonlySet<string>,
  from: number,
): Promise<{ position: string; seq: number } | undefined> {
  const waiting = eventually(
    () => {
      const names = positionsOf(fleet.home, "bob", release);
      const index = names.findIndex((name, at) => at >= from && wanted.has(name));
      if (index >= 0) return { position: names[index]!, seq: index + 1 };
      if (names.at(-1) === "end") return undefined;
      throw new Error(`release ${release} of bob is at ${names.length}: ${names.at(-1)}`);
    },
    180_000,
    15,
  );
  return waiting.catch(async (error: unknown) => {
    throw new Error(`${String(error)}\n${await whatItWaitsFor(release)}`);
  });
}

/** What a release that doesn't get on says of itself, and the worker of its cluster. */
async function whatItWaitsFor(release: number): Promise<string> {
  const [cluster] = fleet.fleet.clusters.map(({ name }) => name);
  const told = [`releases/bob-r${release}`, `clusters/${cluster}`, `clusters/${cluster}/worker`].map((path) =>
    fleet.client.get(`/api/v1/${path}`).then(
      (answer) => JSON.stringify(answer),
      (error: unknown) => String(error),
    ),
  );
  const mesh = meshState(runFolder(fleet.fleet.id), cluster!).catch(String);
  const failures = tell(
    loads.flatMap((load) => load.failures).filter(({ what }) => !deliberate.test(what)),
    kills,
  );
  return [...(await Promise.all([...told, mesh])), ...failures.slice(0, 20)].join("\n");
}

test(
  "server, cluster and mesh, killed at every position of a release under load: no request fails, each release ends right",
  async () => {
    const [cluster] = fleet.fleet.clusters.map(({ name }) => name) as [string];
    const roles = ["server", `cluster/${cluster}`, `mesh/${cluster}`];
    const open = { good: new Set(forward), bad: new Set([...forward.slice(0, 9), ...backward]) };
    const killed = (role: string) => kills.filter(({ what }) => what === role).length;
    const uncovered = () =>
      [...forward, ...backward].filter((name) => !kills.some(({ position }) => position === name));
    for (let version = 2; version < 40; version++) {
      const left = uncovered();
      if (left.length === 0 && roles.every((role) => killed(role) >= times)) break;
      const isBad = left.every((name) => backward.includes(name)) ? left.length > 0 : version % 3 === 0;
      const answer = await fleet.apply(bob(version, isBad));
      const name = (answer[0]!.body as { releases: string[] }).releases[0]!;
      const release = Number(name.split("-r")[1]);
      let from = 0;
      for (let count = 0; count < perCanary; count++) {
        const here = [...open[isBad ? "bad" : "good"]].filter((position) => left.includes(position));
        const wanted = new Set(here.length > 0 ? here : [pick(random, isBad ? backward : forward)]);
        const at = await reached(release, wanted, from);
        if (at === undefined) break;
        const role = roles.toSorted((a, b) => killed(a) - killed(b))[0]!;
        kills.push({ at: Date.now(), what: role, position: at.position });
        left.splice(left.indexOf(at.position), left.includes(at.position) ? 1 : 0);
        await killRole(fleet, role);
        from = at.seq + 2;
      }
      const end = await eventually(
        async () => {
          const { status } = await fleet.client.get<{ status: { phase: string; code?: string; reason?: string } }>(
            `/api/v1/releases/${name}`,
          );
          if (!["finished", "failed", "superseded"].includes(status.phase)) throw new Error(JSON.stringify(status));
          return status;
        },
        180_000,
        100,
      );
      expect(end, name).toMatchObject(isBad ? { phase: "failed", code: "unhealthy" } : { phase: "finished" });
    }
    await expectWhole(fleet);
    await delay(500);
    const table = [...forward, ...backward].map((position) => {
      const here = kills.filter((kill) => kill.position === position).map(({ what }) => what.split("/")[0]);
      return `${position.padEnd(24)} ${here.length}  ${here.join(" ")}`;
    });
    console.log(
      [
        ...table,
        ...roles.map((role) => `${role}: ${killed(role)} kills`),
        ...loads.map(
          ({ name, sent, failures }) =>
            `${name}: ${sent} requests, ${failures.filter(({ what }) => deliberate.test(what)).length} answered by a bad version, ${failures.filter(({ what }) => !deliberate.test(what)).length} failed`,
        ),
      ].join("\n"),
    );
    const failures = loads.flatMap((load) => load.failures).filter(({ what }) => !deliberate.test(what));
    const [first] = failures;
    const near = first === undefined ? [] : linesNear(fleet.home, first.began, 1500);
    const told = tell(failures, kills);
    if (told.length > 20) told.splice(20, told.length, `… and ${told.length - 20} more, the last: ${told.at(-1)}`);
    // The first ones say it; hundreds after them would only push them out of what is read.
    expect([...told, ...near, ...((await atFirstFailure) ?? "").split("\n").filter(Boolean)]).toEqual([]);
    expect(uncovered()).toEqual([]);
    for (const role of roles) expect(killed(role), role).toBeGreaterThanOrEqual(times);
  },
  generousMs,
);
