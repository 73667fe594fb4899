import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ReleaseView } from "../../src/release/release-view.ts";
import { account, told } from "../harness/account.ts";
import type { TestFleet } from "../harness/fleet.ts";
import { atWeight, brief, declare, ended, stepOf, until } from "../harness/releases.ts";
import { readyPods } from "../harness/traffic.ts";
import { XdsTap } from "../harness/xds-tap.ts";
import { clients, expectNoneFailed, openShop, shop, under } from "./support/two-clusters.ts";

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

beforeAll(async () => {
  fleet = await openShop(async (fresh) => {
    tap = await XdsTap.over(fresh.xdsSocket("bogota"));
  });
  const [front] = await readyPods(fleet, "front", "bogota");
  caller = `${front?.metadata.name}.one`;
}, 180_000);
afterAll(async () => {
  await tap?.close();
  await fleet?.stop();
}, 60_000);

/**
 * A new version takes over while one caller hears nothing: from just before the last shift, so that it goes on with the
 * weights before it, and longer where `enough` isn't true by then.
 */
async function takeover(what: string, version: string, enough: (view: ReleaseView) => boolean = () => true) {
  const { result, tallies } = await under(fleet, clients, async () => {
    const release = await declare(fleet, shop({ version }));
    await until(fleet, release, atWeight(50, "bogota"));
    tap.hold(caller);
    try {
      await until(fleet, release, ({ waves }) => stepOf(waves, "bogota", 100)?.writtenAt !== undefined);
      await delay(holdMs + drainMs + 5000);
      const whileHeld = await until(fleet, release, enough);
      tap.release();
      return { whileHeld, view: await ended(fleet, release) };
    } finally {
      tap.release();
    }
  });
  const seen = account(tallies);
  console.log(told(what, seen));
  return { ...result, seen };
}

test("a caller that hears nothing is waited for: no request fails", async () => {
  const { whileHeld, view, seen } = await takeover("one caller held back", "v2");
  expect(JSON.stringify(whileHeld.waits), brief(whileHeld)).toContain(caller.split(".")[0]);
  expect(view.phase, brief(view)).toBe("finished");
  expectNoneFailed(seen);
}, 300_000);

test("control: with an acknowledgement that always says yes, requests fail", async () => {
  await fleet.replaceServer("server-that-always-hears-yes.ts");
  try {
    const { view, seen } = await takeover("control of that", "v3", ({ endedAt }) => endedAt !== undefined);
    expect(view.phase, brief(view)).toBe("finished");
    expect(seen.failed).toBeGreaterThan(0);
  } finally {
    await fleet.restoreServer();
  }
}, 300_000);
