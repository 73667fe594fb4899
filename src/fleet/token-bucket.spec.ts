import fc from "fast-check";
import { expect, test } from "vitest";
import { TokenBucket } from "./token-bucket.ts";

test("the burst is free, then one each interval", () => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 2 }, 0);
  expect([bucket.take(0), bucket.take(0), bucket.take(0), bucket.take(0)]).toEqual([0, 0, 100, 200]);
  expect(bucket.take(10_000)).toBe(0);
});

test("in any window no more than burst + rate × window are let through", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 60 }),
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 10 }),
      (gaps, perSecond, burst) => {
        const bucket = new TokenBucket({ perSecond, burst }, 0);
        let now = 0;
        const used = gaps.map((gap) => {
          now += gap;
          return now + bucket.take(now);
        });
        for (let from = 0; from < used.length; from++) {
          for (let to = from; to < used.length; to++)
            expect(to - from + 1).toBeLessThanOrEqual(
              burst + (perSecond * (used[to]! - used[from]!)) / 1000 + 1 + 1e-6,
            );
        }
      },
    ),
  );
});
