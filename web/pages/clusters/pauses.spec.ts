import { expect, test } from "vitest";
import { lastingPauses } from "./pauses.ts";

test("pauses that last", () => {
  const [soon, later] = ["2026-11-23T02:00:00Z", "2026-11-23T04:30:00+01:00"];
  const cluster = { spec: { region: "pe", healing: { paused: [{ until: soon }, { until: later, apps: ["a"] }] } } };
  expect(lastingPauses(cluster, Date.parse("2026-11-23T01:00:00Z"))).toHaveLength(2);
  expect(lastingPauses(cluster, Date.parse(soon))).toEqual([{ until: later, apps: ["a"] }]);
  expect(lastingPauses({ spec: { region: "pe" } }, 0)).toEqual([]);
  expect(lastingPauses(undefined, 0)).toEqual([]);
});
