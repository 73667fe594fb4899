import { afterAll, beforeAll, expect, test } from "vitest";
import { ground } from "../harness/apps.ts";
import { told, withinWeight, type Account } from "../harness/account.ts";
import { TestFleet } from "../harness/fleet.ts";
import { MeshLoad, served, type Client } from "../harness/mesh-load.ts";
import {
  brief,
  declare,
  deploy,
  ended,
  finished,
  mostWeight,
  storyApp,
  type Accepted,
  type StoryApp,
} from "../harness/releases.ts";

/**
 * What a deployment is like for whoever calls the app: `shop` is at home in both clusters, `front` calls it in both, and
 * customers come in through both ingress gateways, together more than 200 requests a second that nobody repeats.
 */
let fleet: TestFleet;
const clients: Client[] = ["bogota", "montevideo"].flatMap((cluster): Client[] => [
  { cluster, app: "front", url: "http://shop.one/", rate: 70 },
  { cluster, host: "shop.example", rate: 35 },
]);
const shop = (more: Partial<StoryApp> = {}): StoryApp => ({
  name: "shop",
  replicas: 2,
  ...more,
  spec: { expose: [{ host: "shop.example" }], ...more.spec },
});

beforeAll(async () => {
  fleet = await TestFleet.start(["bogota=co/co-a", "montevideo=uy/uy-a"]);
  await fleet.apply(ground);
  await fleet.apply(storyApp({ name: "front", spec: { calls: [{ app: "shop" }] } }));
  await fleet.apply(storyApp(shop()));
  await finished(fleet, await deploy(fleet, "shop"));
  await finished(fleet, await deploy(fleet, "front"));
  await served(fleet, clients);
}, 180_000);
afterAll(() => fleet?.stop(), 60_000);

/** Declares the next version under load and waits for the end that it comes to by itself. */
async function under(what: string, app: StoryApp, bad: string[] = []) {
  const load = await MeshLoad.start(fleet, clients);
  let release: Accepted;
  let view;
  let seen: Account;
  try {
    release = await declare(fleet, app);
    view = await ended(fleet, release);
  } finally {
    seen = await load.stop(bad);
    console.log(told(what, seen));
  }
  return { release, view, seen };
}

function expectNoneFailed({ failed, failures, samples, perSecond }: Account): void {
  expect({ failed, failures, samples: samples.slice(0, 10) }).toMatchObject({ failed: 0, failures: {} });
  expect(perSecond).toBeGreaterThanOrEqual(200);
}

test("a good version takes over without one failed request", async () => {
  const { view, seen } = await under("a good version", shop({ version: "v2" }));
  expect(view.phase, brief(view)).toBe("finished");
  expectNoneFailed(seen);
  expect(seen.versions["v2"]).toBeGreaterThan(0);
}, 120_000);

test("one that answers 5xx is gone at its first weight", async () => {
  const { view, seen } = await under("one that answers 500", shop({ version: "v3", behaviour: "failing" }), ["v3"]);
  expect(view, brief(view)).toMatchObject({ phase: "failed", code: "unhealthy" });
  expect(mostWeight(view)).toBe(10);
  expectNoneFailed(seen);
  expect(seen.bad.answers).toBeGreaterThan(0);
  expect(withinWeight(seen.bad, 10), told("bad", seen)).toBe(true);
}, 120_000);
