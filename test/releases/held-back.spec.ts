import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ground } from "../harness/apps.ts";
import { told } from "../harness/account.ts";
import { TestFleet } from "../harness/fleet.ts";
import { MeshLoad, served, type Client } from "../harness/mesh-load.ts";
import {
  atWeight,
  brief,
  declare,
  deploy,
  ended,
  finished,
  storyApp,
  until,
  view,
  type StoryApp,
} from "../harness/releases.ts";
import { readyPods } from "../harness/traffic.ts";
import { XdsTap } from "../harness/xds-tap.ts";

/**
 * Whether waiting for proxies matters. One caller's stream from its mesh is held back from the last shift until 5 s
 * beyond the App's last hold plus `drain`: with the real acknowledgement no request fails; with one that always says yes
 * the old revision goes while that caller still sends requests there.
 */
let fleet: TestFleet;
let tap: XdsTap;
let caller: string;
const holdMs = 2000;
const drainMs = 1000;
const clients: Client[] = [
  { cluster: "bogota", app: "front", url: "http://shop.one/", rate: 100 },
  { cluster: "montevideo", app: "front", url: "http://shop.one/", rate: 50 },
  { cluster: "bogota", host: "shop.example", rate: 50 },
];
const shop = (more: Partial<StoryApp> = {}): StoryApp => ({
  name: "shop",
  replicas: 2,
  ...more,
  spec: { expose: [{ host: "shop.example" }] },
});

beforeAll(async () => {
  fleet = await TestFleet.start(["bogota=co/co-a", "montevideo=uy/uy-a"]);
  tap = await XdsTap.over(fleet.xdsSocket("bogota"));
  await fleet.apply(ground);
  await fleet.apply(storyApp({ name: "front", spec: { calls: [{ app: "shop" }] } }));
  await fleet.apply(storyApp(shop()));
  await finished(fleet, await deploy(fleet, "shop"));
  await finished(fleet, await deploy(fleet, "front"));
  const [front] = await readyPods(fleet, "front", "bogota");
  caller = `${front?.metadata.name}.one`;
  await served(fleet, clients);
}, 180_000);
afterAll(async () => {
  await tap?.close();
  await fleet?.stop();
}, 60_000);

/** A new version takes over while one caller hears nothing. */
async function takeover(what: string, version: string) {
  const load = await MeshLoad.start(fleet, clients);
  try {
    const release = await declare(fleet, shop({ version }));
    await until(fleet, release, atWeight(50, "bogota"));
    tap.hold(caller);
    await delay(holdMs + drainMs + 5000);
    const whileHeld = await view(fleet, release);
    tap.release();
    return { whileHeld, view: await ended(fleet, release), seen: await load.stop() };
  } finally {
    tap.release();
    console.log(told(what, await load.stop()));
  }
}

test("a caller that hears nothing is waited for: no request fails", async () => {
  const { whileHeld, view, seen } = await takeover("one caller held back", "v2");
  expect(whileHeld.phase, brief(whileHeld)).toBe("progressing");
  expect(JSON.stringify(whileHeld.waits), brief(whileHeld)).toContain(caller.split(".")[0]);
  expect(view.phase, brief(view)).toBe("finished");
  expect(seen.failures).toEqual({});
}, 120_000);

test("control: with an acknowledgement that always says yes, requests fail", async () => {
  await fleet.replaceServer("server-that-always-hears-yes.ts");
  try {
    const { view, seen } = await takeover("control of that", "v3");
    expect(view.phase, brief(view)).toBe("finished");
    expect(seen.failed).toBeGreaterThan(0);
  } finally {
    await fleet.restoreServer();
  }
}, 120_000);
