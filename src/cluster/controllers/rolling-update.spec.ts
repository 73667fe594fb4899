import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rollingStep, rolloutBounds, type ReplicaSetSize } from "./rolling-update.ts";

const deployment = (replicas: number, maxSurge?: number | string, maxUnavailable?: number | string) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "d" },
  spec: {
    replicas,
    selector: {},
    template: { spec: { containers: [] } },
    strategy: { rollingUpdate: { maxSurge, maxUnavailable } },
  },
});

describe("rolloutBounds", () => {
  it("defaults to a quarter, surge rounded up and unavailable down", () => {
    expect(rolloutBounds(deployment(2))).toEqual({ surge: 1, unavailable: 0 });
    expect(rolloutBounds(deployment(10))).toEqual({ surge: 3, unavailable: 2 });
  });
  it("never has both at 0", () => expect(rolloutBounds(deployment(2, 0, 0))).toEqual({ surge: 0, unavailable: 1 }));
});

describe("rollingStep", () => {
  it("creates surge first and removes old pods only as new ones become available", () => {
    const bounds = { surge: 1, unavailable: 0 };
    const old = { name: "old", replicas: 2, available: 2 };
    expect(rollingStep(2, bounds, { name: "new", replicas: 0, available: 0 }, [old])).toEqual(new Map([["new", 1]]));
    expect(rollingStep(2, bounds, { name: "new", replicas: 1, available: 0 }, [old])).toEqual(new Map());
    expect(rollingStep(2, bounds, { name: "new", replicas: 1, available: 1 }, [old])).toEqual(new Map([["old", 1]]));
  });
  it("removes broken old pods at once", () => {
    const step = rollingStep(4, { surge: 1, unavailable: 1 }, { name: "new", replicas: 1, available: 0 }, [
      { name: "old", replicas: 4, available: 2 },
    ]);
    expect(step.get("old")).toBe(3);
  });

  it("reaches the wished state within the bounds, whatever becomes available when", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 0, max: 4 }),
        fc.integer({ min: 0, max: 4 }),
        fc.array(fc.nat(3), { minLength: 200, maxLength: 200 }),
        (desired, surge, lack, luck) => {
          const bounds = { surge, unavailable: Math.min(surge === 0 && lack === 0 ? 1 : lack, desired) };
          const current: ReplicaSetSize = { name: "new", replicas: 0, available: 0 };
          const old: ReplicaSetSize = { name: "old", replicas: desired, available: desired };
          for (const more of luck) {
            const changes = rollingStep(desired, bounds, current, [old]);
            current.replicas = changes.get("new") ?? current.replicas;
            old.replicas = changes.get("old") ?? old.replicas;
            old.available = Math.min(old.available, old.replicas);
            expect(current.replicas + old.replicas).toBeLessThanOrEqual(desired + bounds.surge);
            expect(current.available + old.available).toBeGreaterThanOrEqual(desired - bounds.unavailable);
            current.available = Math.min(current.replicas, current.available + more);
          }
          if (luck.reduce((sum, more) => sum + more, 0) > 40)
            expect([current.replicas, old.replicas]).toEqual([desired, 0]);
        },
      ),
    );
  });
});
