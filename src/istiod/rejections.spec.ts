import { expect, it } from "vitest";
import { parseMetrics, RejectionLog } from "./rejections.ts";

const metrics = (
  count?: number,
  started = "1.7954104904e+09",
): string => `# HELP pilot_xds_rds_reject Pilot rejected RDS.
# TYPE pilot_xds_rds_reject gauge
${count === undefined ? "" : `pilot_xds_rds_reject{err="OK",node="shop-1.money"} ${count}\npilot_xds_rds_reject{err="Internal",node="shop-1.money"} 1\n`}pilot_total_xds_rejects{type="rds"} 1
process_start_time_seconds ${started}
`;

it("rejections are counted by proxy and type, whatever the error", () => {
  const { started, rejected } = parseMetrics(metrics(2));
  expect(started).toBe(1_795_410_490.4);
  expect([...rejected]).toEqual([["rds shop-1.money", 3]]);
});

it("an answer that isn't metrics doesn't mean that nobody rejects anything", () => {
  expect(() => parseMetrics("404 page not found")).toThrow("process");
});

it("a rejection counts for what was put in force after the last look that didn't have it", () => {
  const log = new RejectionLog();
  log.look(10, parseMetrics(metrics()));
  log.look(20, parseMetrics(metrics()));
  expect(log.since(21, "rds", "shop-1.money")).toBe(0);
  log.look(30, parseMetrics(metrics(1)));
  expect(log.since(25, "rds", "shop-1.money")).toBe(2);
  expect(log.since(25, "cds", "shop-1.money")).toBe(0);
  expect(log.since(25, "rds", "shop-2.money")).toBe(0);
  // What was put in force after it was seen is another matter.
  expect(log.since(31, "rds", "shop-1.money")).toBe(0);
});

it("who looks for the first time can't tell what was rejected before from what is rejected now", () => {
  const log = new RejectionLog();
  log.look(30, parseMetrics(metrics(1)));
  expect(log.since(30, "rds", "shop-1.money")).toBe("unknown");
  expect(log.since(30, "rds", "shop-2.money")).toBe(0);
  expect(log.since(31, "rds", "shop-1.money")).toBe(0);
});

it("another process counts anew", () => {
  const log = new RejectionLog();
  log.look(10, parseMetrics(metrics(1)));
  log.look(30, parseMetrics(metrics(undefined, "1.8e+09")));
  expect(log.since(20, "rds", "shop-1.money")).toBe(0);
  log.look(31, parseMetrics(metrics(1, "1.8e+09")));
  expect(log.since(20, "rds", "shop-1.money")).toBe("unknown");
});
