import { expect } from "vitest";
import type { ReleaseView } from "../../../src/release/release-view.ts";
import type { Tally } from "../../fixtures/story/load.mjs";
import type { Account } from "../../harness/account.ts";
import { ground } from "../../harness/apps.ts";
import { TestFleet } from "../../harness/fleet.ts";
import { MeshLoad, served, type Client } from "../../harness/mesh-load.ts";
import { declare, deploy, ended, finished, storyApp, type Accepted, type StoryApp } from "../../harness/releases.ts";

export const clusters = ["bogota", "montevideo"] as const;

/** `shop` is at home in both clusters, `front` calls it in both, and customers come in through both ingress gateways. */
export const clients: Client[] = clusters.flatMap((cluster): Client[] => [
  { cluster, app: "front", url: "http://shop.one/", rate: 70 },
  { cluster, host: "shop.example", rate: 35 },
]);

export const shop = (more: Partial<StoryApp> = {}): StoryApp => ({
  name: "shop",
  replicas: 2,
  ...more,
  spec: { expose: [{ host: "shop.example" }], ...more.spec },
});

/** First the canary cluster, then the other. */
export const twoWaves = [{ clusters: { matchLabels: { stage: "canary" } } }, {}];

/** A fleet with shop and front in both clusters, answered. `before`: done before any app has a sidecar. */
export async function openShop(before: (fleet: TestFleet) => Promise<void> = async () => {}): Promise<TestFleet> {
  const fleet = await TestFleet.start(["bogota=co/co-a", "montevideo=uy/uy-a"]);
  await before(fleet);
  await fleet.apply(ground);
  await fleet.apply(storyApp({ name: "front", spec: { calls: [{ app: "shop" }] } }));
  await fleet.apply(storyApp(shop()));
  await finished(fleet, ...(await Promise.all([deploy(fleet, "shop"), deploy(fleet, "front")])));
  await served(fleet, clients);
  return fleet;
}

/** Does something under load; what its clients were answered until it was done. */
export async function under<T>(
  fleet: TestFleet,
  callers: readonly Client[],
  work: () => Promise<T>,
): Promise<{ result: T; tallies: Tally[] }> {
  const load = await MeshLoad.start(fleet, callers);
  try {
    const result = await work();
    return { result, tallies: await load.stop() };
  } finally {
    await load.stop();
  }
}

/** Declares an app as it is to be now, and waits for the end that its release comes to by itself. */
export async function declared(fleet: TestFleet, app: StoryApp): Promise<{ release: Accepted; view: ReleaseView }> {
  const release = await declare(fleet, app);
  return { release, view: await ended(fleet, release) };
}

export function expectNoneFailed({ failed, failures, samples, perSecond }: Account): void {
  expect({ failed, failures, samples: samples.slice(0, 10) }).toMatchObject({ failed: 0, failures: {} });
  // Rounding: the last request of a second may fall into the next.
  expect(Math.round(perSecond)).toBeGreaterThanOrEqual(200);
}
