import { expect, it } from "vitest";
import { SpawnGate } from "./spawn-gate.ts";

it("lets a few in, the rest as others leave, each leaving counted once", async () => {
  const gate = new SpawnGate(2);
  const inside: number[] = [];
  const enter = (n: number): Promise<() => void> =>
    gate.enter().then((leave) => {
      inside.push(n);
      return leave;
    });
  const leaves = await Promise.all([enter(1), enter(2)]);
  const third = enter(3);
  const fourth = enter(4);
  await Promise.resolve();
  expect(inside).toEqual([1, 2]);
  leaves[0]?.();
  leaves[0]?.();
  await third;
  expect(inside).toEqual([1, 2, 3]);
  leaves[1]?.();
  await fourth;
  expect(inside).toEqual([1, 2, 3, 4]);
});
