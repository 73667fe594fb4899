import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isReady } from "../../src/cluster/controllers/pod-state.ts";
import type { Pod } from "../../src/objects/core.ts";
import { deployProbe, ground, probeApp } from "../harness/apps.ts";
import { eventually } from "../harness/eventually.ts";
import { TestFleet } from "../harness/fleet.ts";
import { Load } from "./load.ts";
import { tell, unexcused, type Outage } from "./outage.ts";
import { pick, seeded, shuffled } from "./random.ts";
import { deletePod, endpoints, expectWhole, isApp, isSidecar, killRole, podPids, podsOf, restarts } from "./whole.ts";

/** A busy machine must not turn a right answer red. */
const generousMs = 600_000;

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
const [bySidecar, byGateway] = loads.map(({ name }) => name) as [string, string];
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
  }, generousMs);
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
    if (told.length === 0) return;
    const caller = told[0]?.startsWith("unharmed") ? "carol" : "alice";
    const { calls } = await fleet.client.get<{ calls: unknown }>(`/api/v1/apps/${caller}/status`);
    throw new Error(`not served yet: ${told.slice(0, 10).join("\n")}\n${caller} calls ${JSON.stringify(calls)}`);
  });
  for (const load of loads) {
    load.failures.length = 0;
    load.start();
  }
}, generousMs);

afterAll(async () => {
  await Promise.all(loads.map((load) => load.stop()));
  await fleet?.stop();
}, generousMs);

test(
  `server, cluster, mesh and supervisor, each killed ${times} times: no request fails, no pod notices`,
  async () => {
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
  },
  generousMs,
);

/** Its end is when the gateway is ready again. The pod is replaced then: another kill would meet a longer back-off. */
async function killGateway(): Promise<void> {
  const outage: Outage = { what: "gateway", streams: [byGateway], from: Date.now(), until: Infinity };
  outages.push(outage);
  await kill(`sidecar/${cluster()}/${gateway.metadata.uid}`);
  await back(gateway, isSidecar, 0);
  outage.until = Date.now();
  await delay(500);
  const replaced: Outage = { what: "gateway replaced", streams: [byGateway], from: Date.now(), until: Infinity };
  outages.push(replaced);
  await deletePod(fleet, gateway);
  gateway = await ready("istio=ingressgateway");
  replaced.until = Date.now();
}

const cluster = (): string => fleet.fleet.clusters[0]?.name as string;

/** Waits until the pod is ready and the container has been started again since it had been `before` times. */
async function back(pod: Pod, container: (name: string) => boolean, before: number): Promise<void> {
  await eventually(async () => {
    const now = (await podsOf(fleet)).find(({ metadata }) => metadata.uid === pod.metadata.uid);
    if (now === undefined || !isReady(now) || restarts(now, container) <= before)
      throw new Error(`${pod.metadata.name} isn't back: ${JSON.stringify(now?.status)}`);
  }, generousMs);
}

/** Addresses of bobs that were killed and aren't back. */
const down = new Set<string>();

/** Kills the app or sidecar of alice or of a bob, of those that were killed least, never so that fewer than two bobs are left. */
async function killContainer(container: (name: string) => boolean, underWay: Set<Promise<void>>): Promise<void> {
  const kind = container === isApp ? "app" : "sidecar";
  const victim = await eventually(async () => {
    const pods = (await podsOf(fleet)).filter(
      (pod) => isReady(pod) && /^(alice|bob)$/.test(pod.metadata.labels?.["app"] ?? ""),
    );
    const bobs = pods.filter(({ metadata }) => metadata.labels?.["app"] === "bob");
    const able = bobs.length > 2 ? pods : pods.filter((pod) => !bobs.includes(pod));
    const least = Math.min(...able.map((pod) => restarts(pod, container)));
    if (able.length === 0 || least > 2) throw new Error("nobody to kill");
    return pick(
      random,
      able.filter((pod) => restarts(pod, container) === least),
    );
  }, generousMs);
  const countsBefore = await errorCounts();
  const before = restarts(victim, container);
  const isBob = victim.metadata.labels?.["app"] === "bob";
  const outage: Outage = {
    what: `${kind} of ${isBob ? "a callee" : "the caller"}`,
    // Nobody asks alice's app.
    streams: isBob ? [bySidecar, byGateway] : kind === "sidecar" ? [bySidecar] : [],
    from: Date.now(),
    until: Infinity,
  };
  outages.push(outage);
  await kill(`${kind}/${cluster()}/${victim.metadata.uid}`);
  const returned = (async () => {
    await back(victim, container, before);
    outage.until = Math.min(outage.until, Date.now());
    down.delete(victim.status?.podIP as string);
  })();
  underWay.add(returned);
  if (isBob) {
    down.add(victim.status?.podIP as string);
    const expected = new Set(down);
    await Promise.race([returned, withdrawn(victim)]);
    outage.until = Math.min(outage.until, Date.now());
    // The callers' own counters: no other instance answered with an error, or not at all.
    const wrong = [...(await errorCounts())].filter(
      ([at, count]) => count > (countsBefore.get(at) ?? count) && !expected.has(at.split(" ")[1] as string),
    );
    expect(wrong, `errors elsewhere while the ${kind} of ${victim.metadata.name} was down`).toEqual([]);
  }
}

/** `CALLER ADDRESS` → how many requests to that bob failed, as the callers that are up count them. */
async function errorCounts(): Promise<Map<string, number>> {
  const counts = await Promise.all(
    [alice, gateway].map(async (caller) =>
      [...(await endpoints(fleet, caller, "bob").catch(() => new Map<string, number>()))].map(
        ([ip, count]): [string, number] => [`${caller.metadata.name} ${ip}`, count],
      ),
    ),
  );
  return new Map(counts.flat());
}

/** Resolves when no caller that is up would still ask the pod. */
async function withdrawn(pod: Pod): Promise<void> {
  await eventually(async () => {
    for (const caller of [alice, gateway]) {
      const known = await endpoints(fleet, caller, "bob").catch(() => new Map<string, number>());
      if (known.has(pod.status?.podIP as string))
        throw new Error(`${caller.metadata.name} still asks ${pod.metadata.name}`);
    }
  }, generousMs);
}

test(
  `app, sidecar and gateway, each killed ${times} times: nothing fails but what goes to or through them`,
  async () => {
    const kinds = shuffled(
      random,
      ["app", "sidecar", "gateway"].flatMap((kind) => Array.from({ length: times }, () => kind)),
    );
    const underWay = new Set<Promise<void>>();
    for (const kind of kinds) {
      await delay(random() * 500);
      if (kind === "gateway") await killGateway();
      else await killContainer(kind === "app" ? isApp : isSidecar, underWay);
    }
    await Promise.all(underWay);
    await expectWhole(fleet);
    console.log(account());
    expectExcused();
  },
  generousMs,
);

/** How often each kind was killed, and how many requests that failed. */
function account(): string {
  const lines = [...new Set(outages.map(({ what }) => what))].map((what) => {
    const mine = outages.filter((outage) => outage.what === what);
    const lasted = mine.reduce((sum, { from, until }) => sum + until - from, 0) / mine.length;
    return `${what}: ${mine.length} times, ${failed().length - unexcused(failed(), mine).length} requests failed, ${Math.round(lasted)} ms each on average`;
  });
  return [
    ...lines,
    ...loads.map(({ name, sent, failures }) => `${name}: ${sent} requests, ${failures.length} failed`),
  ].join("\n");
}
