import fc from "fast-check";
import { expect, test } from "vitest";
import { Counters } from "./counters.ts";
import type { Limit } from "./limits.ts";

const limit = (requests: number, unit: Limit["unit"] = "second"): Limit => ({
  requests,
  unit,
  unlimited: false,
  shadow: false,
});
const user = (value: string) => [{ key: "user", value }];
const noon = Date.UTC(2030, 0, 1, 12);

test("windows begin at whole units; a refused hit counts too", () => {
  const counters = new Counters();
  const hit = (at: number) => counters.hit("d", user("ana"), limit(2), 1, noon + at);
  expect(hit(300)).toEqual({ over: false, remaining: 1, resetMs: 700 });
  expect(hit(400)).toEqual({ over: false, remaining: 0, resetMs: 600 });
  expect(hit(999)).toEqual({ over: true, remaining: 0, resetMs: 1 });
  expect(hit(1000)).toEqual({ over: false, remaining: 1, resetMs: 1000 });
  expect(counters.list(noon + 1000, 10)).toEqual([
    { domain: "d", entries: user("ana"), unit: "second", limit: 2, hits: 1, resetMs: 1000 },
  ]);
});

test("each value, domain and unit has its own counter; several hits at once count each", () => {
  const counters = new Counters();
  expect(counters.hit("d", user("ana"), limit(3), 3, noon).over).toBe(false);
  expect(counters.hit("d", user("ben"), limit(3), 4, noon).over).toBe(true);
  expect(counters.hit("e", user("ana"), limit(3), 1, noon).remaining).toBe(2);
  expect(counters.hit("d", user("ana"), limit(3, "day"), 1, noon).remaining).toBe(2);
  expect(counters.hit("d", user("ana"), limit(3), 0, noon)).toMatchObject({ over: false, remaining: 0 });
});

test("in every window exactly as many hits pass as are allowed", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(400), { maxLength: 200 }), fc.integer({ min: 0, max: 20 }), (gaps, allowed) => {
      const counters = new Counters();
      const passed = new Map<number, number>();
      const made = new Map<number, number>();
      let now = noon;
      for (const gap of gaps) {
        now += gap;
        const window = Math.floor(now / 1000);
        made.set(window, (made.get(window) ?? 0) + 1);
        if (!counters.hit("d", user("ana"), limit(allowed), 1, now).over)
          passed.set(window, (passed.get(window) ?? 0) + 1);
      }
      for (const [window, count] of made) expect(passed.get(window) ?? 0).toBe(Math.min(count, allowed));
    }),
  );
});

test("what has ended is dropped, and a flood of values stays bounded", () => {
  const counters = new Counters();
  for (let index = 0; index < 200_100; index++) counters.hit("d", user(String(index)), limit(1, "hour"), 1, noon);
  expect(counters.size).toBe(200_000);
  counters.expire(noon + 3_600_000);
  expect(counters.size).toBe(0);
});
