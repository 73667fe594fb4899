import { expect, test } from "vitest";
import { lasting, pauseOf, pausesOf } from "./healing.ts";

const pauses = pausesOf({
  paused: [
    { until: "2026-11-23T02:00:00Z", why: "a look at everything" },
    { until: "2026-11-23T04:00:00+01:00", apps: ["checkout"] },
    { until: "2026-11-23T01:00:00Z" },
  ],
});
const at = (time: string) => Date.parse(`2026-11-23T${time}:00Z`);

test("a pause lasts to its end, by whatever zone; an app's until its own one has ended too", () => {
  expect(pausesOf(undefined)).toEqual([]);
  expect(lasting(pauses, at("00:30"))).toHaveLength(3);
  expect(lasting(pauses, at("01:00"))).toHaveLength(2);
  expect(pauseOf(pauses, "search", at("01:59"))).toMatchObject({ why: "a look at everything" });
  expect(pauseOf(pauses, "search", at("02:00"))).toBeUndefined();
  expect(pauseOf(pauses, undefined, at("02:00"))).toBeUndefined();
  expect(pauseOf(pauses, undefined, at("01:00"))).toBeDefined();
  expect(pauseOf(pauses, "checkout", at("02:30"))).toMatchObject({ apps: ["checkout"], until: at("03:00") });
  expect(pauseOf(pauses, "checkout", at("03:00"))).toBeUndefined();
});
