import { expect, test } from "vitest";
import { edgeRows, stageInWords, type EdgeFigures } from "./edges.ts";

const figures = (app: string, rate: number, more: Partial<EdgeFigures> = {}): EdgeFigures => ({
  app,
  gateway: false,
  outside: false,
  rate,
  errors: 0,
  p50: 1,
  p90: 2,
  p99: 3,
  codes: {},
  timeouts: 0,
  overflows: 0,
  retries: 0,
  active: 0,
  connections: 0,
  newConnections: 0,
  received: 0,
  sent: 0,
  ...more,
});
const declared = (app: string, stage = "open") => ({ app, segment: "shop", stage, rules: [] });

test("what is declared and what is seen, the busiest first", () => {
  const rows = edgeRows(
    [declared("ads"), declared("orders", "wanted"), declared("search")],
    [
      figures("search", 5),
      figures("ads", 9),
      figures("istio-ingressgateway", 7, { gateway: true }),
      figures("api.example.com", 1, { outside: true }),
    ],
  );
  expect(rows.map(({ app, kind, figures }) => [app, kind, figures?.rate ?? null])).toEqual([
    ["ads", "app", 9],
    ["istio-ingressgateway", "gateway", 7],
    ["search", "app", 5],
    ["api.example.com", "outside", 1],
    ["orders", "app", null],
  ]);
});

test("a call that isn't open says why", () => {
  expect(stageInWords("open")).toBeUndefined();
  expect(stageInWords("wanted")).toBe("waits for the callee or its consent");
});
