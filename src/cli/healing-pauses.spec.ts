import { expect, test } from "vitest";
import { withoutPause, withPause } from "./healing-pauses.ts";

const now = Date.parse("2026-11-23T01:00:00Z");
const [over, soon, later] = ["2026-11-23T00:59:59Z", "2026-11-23T02:00:00Z", "2026-11-23T03:00:00Z"];

test("a pause takes the place of the one that was made for the same; what is over goes, others stay", () => {
  const all = { until: soon, why: "routes" };
  expect(withPause([{ until: over }, { until: soon, apps: ["a"] }], { until: later }, now)).toEqual([
    { until: soon, apps: ["a"] },
    { until: later },
  ]);
  expect(withPause([all], { until: later }, now)).toEqual([{ until: later }]);
  expect(withPause([all, { until: soon, apps: ["a", "b"] }], { until: later, apps: ["b"] }, now)).toEqual([
    all,
    { until: soon, apps: ["a"] },
    { until: later, apps: ["b"] },
  ]);
});

test("resumed: everything, or some apps; never some apps of everything", () => {
  const some = [
    { until: soon, apps: ["a", "b"] },
    { until: later, apps: ["b"] },
  ];
  expect(withoutPause(some, undefined, now)).toEqual([]);
  expect(withoutPause(some, ["b"], now)).toEqual([{ until: soon, apps: ["a"] }]);
  expect(withoutPause([...some, { until: over }], ["a", "b"], now)).toEqual([]);
  expect(() => withoutPause([{ until: soon }], ["a"], now)).toThrow(/everything there is paused until 2026-11-23T02/);
});
