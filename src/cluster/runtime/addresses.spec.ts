import { describe, expect, it } from "vitest";
import { nextIndex, parseCallees, podAddress } from "./addresses.ts";

describe("addresses", () => {
  it("gives pods and callees their places", () => {
    expect(podAddress("127.17", 3)).toBe("127.17.3.1");
    expect(parseCallees("ledger.money, catalog.food,ledger.money,odd", "127.17", 3)).toEqual([
      { app: "ledger", segment: "money", host: "ledger.money.svc.cluster.local", address: "127.17.3.2" },
      { app: "catalog", segment: "food", host: "catalog.food.svc.cluster.local", address: "127.17.3.3" },
    ]);
    expect(parseCallees(undefined, "127.17", 3)).toEqual([]);
  });
  it("goes round and skips what is taken", () => {
    expect(nextIndex(new Set(), 0)).toBe(1);
    expect(nextIndex(new Set([1, 2]), 0)).toBe(3);
    expect(nextIndex(new Set([254]), 253)).toBe(1);
    expect(nextIndex(new Set(Array.from({ length: 254 }, (_, i) => i + 1)), 0)).toBeUndefined();
  });
});
