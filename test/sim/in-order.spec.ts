import { expect, it } from "vitest";
import { InOrder } from "./in-order.ts";

it("hands on in the order of seeds, whatever order they come in", () => {
  const order = new InOrder<string>(7);
  expect(order.add(8, "b")).toEqual([]);
  expect(order.add(10, "d")).toEqual([]);
  expect(order.next).toBe(7);
  expect(order.add(7, "a")).toEqual([
    { seed: 7, result: "a" },
    { seed: 8, result: "b" },
  ]);
  expect(order.next).toBe(9);
  expect(order.add(9, "c").map(({ seed }) => seed)).toEqual([9, 10]);
});
