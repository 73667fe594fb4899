import { expect, test } from "vitest";
import { UnprovenMesh } from "./unproven-mesh.ts";

test("each step is given its time from when it is first asked for, and the receipt says that nothing was proved", async () => {
  let now = 1_000_000;
  const mesh = new UnprovenMesh("nobody asks", () => now, 90_000);
  expect(await mesh.ask("checkout", 7, "advance")).toEqual({
    done: false,
    evidence: "unproven (nobody asks): it is given 1m30s",
  });
  now += 89_999;
  expect(await mesh.ask("checkout", 7, "advance")).toMatchObject({ done: false });
  now += 1;
  expect(await mesh.ask("checkout", 7, "advance")).toEqual({
    done: true,
    evidence: "unproven (nobody asks): waited 1m30s",
  });
  // The next step, another way of asking and another app each begin anew.
  expect(await mesh.ask("checkout", 8, "advance")).toMatchObject({ done: false });
  expect(await mesh.ask("checkout", 7, "remove")).toMatchObject({ done: false });
  expect(await mesh.ask("orders", 7, "advance")).toMatchObject({ done: false });
});

test("steps of one app that are asked for in turn don't keep each other from coming to an end", async () => {
  let now = 0;
  const mesh = new UnprovenMesh("nobody asks", () => now, 5_000);
  const both = async () =>
    (await Promise.all([mesh.ask("checkout", 7, "remove"), mesh.ask("checkout", 9, "advance")])).map(
      ({ done }) => done,
    );
  for (; now < 5_000; now += 1_000) expect(await both()).toEqual([false, false]);
  expect(await both()).toEqual([true, true]);
});
