import { afterEach, beforeEach, expect, test } from "vitest";
import type { DriftedObject } from "../model/drift.ts";
import { eventually } from "../../test/harness/eventually.ts";
import { changedByHand } from "./changed-by-hand.ts";
import { appOf, ReleaseGround } from "./release-ground.ts";

const edited: DriftedObject = {
  ...{ object: "VirtualService money/cart", app: "cart", at: 1, fields: [], managers: ["kubectl-edit"] },
  waits: "healing is paused",
};

test("routes and subsets of the app that wait, and nothing else", () => {
  expect(changedByHand({ drift: [edited] }, "cart")).toBe(
    "VirtualService money/cart was changed by kubectl-edit and isn't put right (healing is paused): it may lead to what is to be removed",
  );
  const gone = { ...edited, object: "DestinationRule money/cart", deleted: true as const };
  expect(changedByHand({ drift: [gone] }, "cart")).toMatch(/^DestinationRule money\/cart was deleted and isn't/);
  for (const harmless of [
    { ...edited, app: "search" },
    { ...edited, healedAt: 2 },
    { ...edited, object: "Deployment money/cart-r1" },
  ])
    expect(changedByHand({ drift: [harmless] }, "cart")).toBeUndefined();
  expect(changedByHand({}, "cart")).toBeUndefined();
  const others = Array.from({ length: 30 }, () => ({ ...edited, app: "other" }));
  expect(changedByHand({ drift: others, drifting: 30 }, "cart")).toBeUndefined();
  expect(changedByHand({ drift: others, drifting: 31 }, "cart")).toMatch(/^1 more objects .* routes of cart may be/);
  expect(changedByHand(undefined, "cart")).toBeUndefined();
});

let ground: ReleaseGround;
beforeEach(async () => {
  ground = await ReleaseGround.start();
});
afterEach(() => ground.stop());

test("a release doesn't remove the old revision while a route that was changed by hand may lead to it", async () => {
  const app = appOf("cart", { workload: { drain: "1ms" } });
  await ground.release(app, "cart:1");
  ground.told((cluster) => (cluster === "lima" ? { drift: [edited], drifting: 1 } : {}));
  const number = (await ground.accept(app, "cart:2"))!;
  ground.engine.kick("cart");
  await eventually(async () => {
    const { waits } = await ground.statusOf("cart", number);
    expect(waits).toContainEqual(
      expect.objectContaining({
        cell: "lima",
        reason: expect.stringContaining("VirtualService money/cart was changed") as string,
      }),
    );
  });
  const live = (): string[] => {
    const lane = ground.store.inForce().lanes.get("lima")?.get("cart")?.value;
    return lane?.kind === "home" ? Object.keys(lane.live) : [];
  };
  expect(live()).toEqual(["r1", "r2"]);
  ground.told(() => ({}));
  await ground.engine.idle();
  expect(await ground.statusOf("cart", number)).toMatchObject({ phase: "finished" });
  expect(live()).toEqual(["r2"]);
});
