import { describe, expect, it } from "vitest";
import { hasAcknowledged, isClean, provenPush, sentOf } from "./proof.ts";
import type { ProxySync, TypeSync } from "./syncz.ts";

const acked = (push: number): TypeSync => ({ sent: push, acked: push, clean: true });

describe("the push from which on an object is in what is sent", () => {
  it("is the one that it was seen in", () => {
    expect(provenPush({ push: 8, stands: true }, undefined, 8)).toBe(8);
    expect(provenPush({ push: 8, stands: false }, undefined, 8)).toBeUndefined();
  });

  it("is one that was current, though nothing of it was sent yet", () => {
    expect(provenPush({ push: 8, stands: true }, undefined, 7)).toBe(8);
    // Seen twice in the same push, it may still be on its way.
    expect(provenPush({ push: 8, stands: true }, { push: 8, stands: true }, 7)).toBe(8);
  });

  it("is the last one sent, when a later push that had it is dealt with and had nothing for the proxy", () => {
    expect(provenPush({ push: 9, stands: true }, { push: 8, stands: true }, 7)).toBe(7);
    expect(provenPush({ push: 9, stands: true }, { push: 8, stands: true }, 8)).toBe(8);
    expect(provenPush({ push: 9, stands: true }, { push: 8, stands: true }, 9)).toBe(8);
    // What wasn't there before came with the later one.
    expect(provenPush({ push: 9, stands: true }, { push: 8, stands: false }, 7)).toBe(9);
  });
});

describe("what a proxy has acknowledged", () => {
  const proxy = (types: ProxySync["types"]): Pick<ProxySync, "types"> => ({ types });

  it("is of that push or a later one, of each type that it asked for", () => {
    const shop = proxy({ cds: acked(8), rds: { sent: 9, acked: 7, clean: false } });
    expect(hasAcknowledged(shop, ["cds"], 8)).toBe(true);
    expect(hasAcknowledged(shop, ["cds"], 9)).toBe(false);
    expect(hasAcknowledged(shop, ["cds", "rds"], 8)).toBe(false);
    expect(hasAcknowledged(shop, ["lds"], 8)).toBe(true);
    expect(hasAcknowledged(proxy({ cds: { sent: 8, clean: false } }), ["cds"], 1)).toBe(false);
    expect(sentOf(shop, ["cds", "rds", "lds"])).toBe(8);
    expect(sentOf(shop, ["lds"])).toBe(0);
  });

  it("isn't in service while endpoints of a cluster are on their way, or before its first configuration", () => {
    expect(isClean(proxy({ cds: acked(8), lds: acked(8), eds: acked(3) }))).toBe(true);
    expect(isClean(proxy({ cds: acked(8), lds: acked(8), eds: { sent: 8, acked: 3, clean: false } }))).toBe(false);
    expect(isClean(proxy({ cds: acked(8) }))).toBe(false);
    expect(isClean(proxy({}))).toBe(false);
  });
});
