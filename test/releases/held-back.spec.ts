import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ReleaseView } from "../../src/release/release-view.ts";
import { account, told } from "../harness/account.ts";
import type { TestFleet } from "../harness/fleet.ts";
import type { Client } from "../harness/mesh-load.ts";
import { atWeight, brief, declare, ended, finished, stepOf, until, type Accepted } from "../harness/releases.ts";
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
});
afterAll(async () => {
  await tap?.close();
  await fleet?.stop();
});

interface Run {
  name: string;
  callers: Client[];
  /** Declares what leads to a release that removes an old revision in bogota. */
  begin(version: string): Promise<Accepted>;
  /** Both clusters are home again. */
  after?(version: string): Promise<void>;
}

async function canary(version: string): Promise<void> {
  const first = await declare(fleet, shop({ version, rollout: { steps: [{ weight: 50, hold: "60s" }] } }));
  await until(fleet, first, (view) => atWeight(50, "bogota")(view) && atWeight(50, "montevideo")(view));
}

const runs: Run[] = [
  { name: "a takeover", callers: clients, begin: (version) => declare(fleet, shop({ version })) },
  {
    name: "a release that supersedes another",
    callers: clients,
    begin: async (version) => {
      await canary(`${version}-first`);
      return declare(fleet, shop({ version }));
    },
  },
  {
    name: "a release that leaves the other cluster",
    callers: [
      { cluster: "bogota", app: "front", url: "http://shop.one/", rate: 105 },
      { cluster: "bogota", host: "shop.example", rate: 105 },
    ],
    begin: async (version) => {
      await canary(version);
      return declare(fleet, shop({ version, spec: { placement: { clusters: { matchLabels: { market: "co" } } } } }));
    },
    after: async (version) => finished(fleet, await declare(fleet, shop({ version }))),
  },
];

/**
 * One caller hears nothing: from just before the last shift, so that it goes on with the weights before it, and longer
 * where `enough` isn't true by then.
 */
async function heldBack(what: string, { callers, begin, after }: Run, enough: (view: ReleaseView) => boolean) {
  const version = what.replaceAll(" ", "-");
  const { result, tallies } = await under(fleet, callers, async () => {
    const release = await begin(version);
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
  await after?.(version);
  expect(result.view.phase, brief(result.view)).toBe("finished");
  return { ...result, seen };
}

test.each(runs)(
  "$name waits for a caller that hears nothing: no request fails",
  async (run) => {
    const { whileHeld, seen } = await heldBack(run.name, run, () => true);
    expect(JSON.stringify(whileHeld.waits), brief(whileHeld)).toContain(caller.split(".")[0]);
    expectNoneFailed(seen);
  },
  300_000,
);

describe("control: an acknowledgement that always says yes", () => {
  beforeAll(() => fleet.replaceServer("server-that-always-hears-yes.ts"));
  afterAll(() => fleet.restoreServer());

  test.each(runs)(
    "$name: requests fail",
    async (run) => {
      const { seen } = await heldBack(`control of ${run.name}`, run, ({ endedAt }) => endedAt !== undefined);
      expect(seen.failed).toBeGreaterThan(0);
    },
    300_000,
  );
});
