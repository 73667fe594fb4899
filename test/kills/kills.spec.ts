import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isReady } from "../../src/cluster/controllers/pod-state.ts";
import type { Pod } from "../../src/objects/core.ts";
import { deployProbe, ground, probeApp } from "../harness/apps.ts";
import { eventually } from "../harness/eventually.ts";
import { TestFleet } from "../harness/fleet.ts";
import { Load } from "./load.ts";
import { tell, unexcused, type Outage } from "./outage.ts";
import { seeded } from "./random.ts";
import { expectWhole, killRole, podPids, podsOf } from "./whole.ts";

/**
 * `alice` calls `bob`, and so does the ingress gateway; `carol` calls `dave`, and nobody harms either. All the while a
 * client that never repeats a request asks through alice's sidecar, through the gateway and through carol's sidecar.
 */
const seed = Number(process.env["QUIPU_SEED"] ?? Date.now() % 1_000_000);
const random = seeded(seed);
const times = 10;

let fleet: TestFleet;
let alice: Pod;
let carol: Pod;
let gateway: Pod;
const loads = [
  new Load("through alice's sidecar", 40, () => proxied(alice, "bob")),
  new Load("through the gateway", 40, () => ({
    host: gateway.status?.podIP as string,
    port: 8080,
    path: `/?delay=${Math.floor(Math.random() * 100)}`,
    authority: "bob.example",
  })),
  new Load("unharmed", 20, () => proxied(carol, "dave")),
];
const outages: Outage[] = [];
const kills: { at: number; what: string }[] = [];

function proxied(caller: Pod, callee: string) {
  const authority = `${callee}.one`;
  const path = `http://${authority}/?delay=${Math.floor(Math.random() * 100)}`;
  return { host: caller.status?.podIP as string, port: 15001, path, authority };
}

async function ready(labelSelector: string): Promise<Pod> {
  return eventually(async () => {
    const [pod] = (await podsOf(fleet, labelSelector)).filter(
      (one) => isReady(one) && one.metadata.deletionTimestamp === undefined,
    );
    if (pod === undefined) throw new Error(`no ready pod of ${labelSelector}`);
    return pod;
  }, 60_000);
}

const failed = () => loads.flatMap(({ failures }) => failures);
/** Nothing failed but what an outage excuses; told with the kills before it. */
function expectExcused(): void {
  expect(tell(unexcused(failed(), outages), kills)).toEqual([]);
}

async function kill(role: string): Promise<void> {
  await killRole(fleet, role);
  kills.push({ at: Date.now(), what: role });
}

beforeAll(async () => {
  console.log(`QUIPU_SEED=${seed}`);
  fleet = await TestFleet.start();
  await fleet.apply(ground);
  const calls = (app: string) => ({ spec: { calls: [{ app }] } });
  await fleet.apply(
    [
      probeApp({ name: "alice", ...calls("bob") }),
      probeApp({ name: "bob", replicas: 4, spec: { expose: [{ host: "bob.example" }] } }),
      probeApp({ name: "carol", ...calls("dave") }),
      probeApp({ name: "dave" }),
    ].join("---\n"),
  );
  await deployProbe(fleet, "bob", "dave", "alice", "carol");
  [alice, carol, gateway] = (await Promise.all(["app=alice", "app=carol", "istio=ingressgateway"].map(ready))) as [
    Pod,
    Pod,
    Pod,
  ];
  await expectWhole(fleet);
  await eventually(async () => {
    const before = failed().length;
    for (const load of loads) load.start();
    await delay(500);
    await Promise.all(loads.map((load) => load.stop()));
    const told = tell(failed().slice(before), []);
    if (told.length > 0) throw new Error(`not served yet: ${told.join("\n")}`);
  }, 30_000);
  for (const load of loads) {
    load.failures.length = 0;
    load.start();
  }
}, 180_000);

afterAll(async () => {
  await Promise.all(loads.map((load) => load.stop()));
  await fleet?.stop();
}, 60_000);

test(`server, cluster, mesh and supervisor, each killed ${times} times: no request fails, no pod notices`, async () => {
  const pids = podPids(fleet);
  const [cluster] = fleet.fleet.clusters.map(({ name }) => name);
  const again = async (role: string) => {
    for (let count = 0; count < times; count++) {
      await delay(random() * 1500);
      await kill(role);
    }
  };
  const supervisor = async () => {
    for (let count = 0; count < times; count++) {
      await delay(random() * 3000);
      process.kill(fleet.supervisor, "SIGKILL");
      kills.push({ at: Date.now(), what: "supervisor" });
      await delay(random() * 500);
      fleet.launch();
    }
  };
  await Promise.all([again("server"), again(`cluster/${cluster}`), again(`mesh/${cluster}`), supervisor()]);
  const pods = await expectWhole(fleet);
  expectExcused();
  expect(podPids(fleet)).toEqual(pids);
  expect(
    pods.flatMap(({ status }) => status?.containerStatuses ?? []).filter(({ restartCount }) => restartCount > 0),
  ).toEqual([]);
}, 150_000);
