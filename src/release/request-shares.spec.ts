import { expect, test } from "vitest";
import type { HomeLane, Lane } from "../model/rows.ts";
import type { EvidenceSource } from "./observe.ts";
import { requestShares } from "./request-shares.ts";

const lane = { app: "catalog", cluster: "bogota", kind: "home", live: { r1: "a", r2: "b" } } as unknown as Lane &
  HomeLane;
const nothing = { failed: 0, byProxy: 0, latency: [] };

/** Each look holds so many requests of each revision. */
const source = (requests: Record<string, number>, heard = 3): Pick<EvidenceSource, "evidence"> => ({
  evidence: ({ revision, from, to, intervalMs }) =>
    Array.from({ length: Math.floor((to - from) / intervalMs) }, (_, index) => ({
      from: from + index * intervalMs,
      to: from + (index + 1) * intervalMs,
      subject: { ...nothing, requests: requests[revision ?? ""] ?? 0 },
      baseline: null,
      heard,
      total: 3,
    })),
});

test("the share of each revision, of all requests of the last looks", () => {
  expect(requestShares("catalog", "bogota", lane, source({ r1: 75, r2: 25 }), 100_000)).toEqual({
    requests: 200,
    overMs: 20_000,
    shares: { r1: 75, r2: 25 },
  });
});

test("no requests is no share; nobody heard, or no home, is not known", () => {
  expect(requestShares("catalog", "bogota", lane, source({}), 100_000)).toMatchObject({
    requests: 0,
    shares: { r1: 0, r2: 0 },
  });
  expect(requestShares("catalog", "bogota", lane, source({ r1: 75 }, 0), 100_000)).toBeUndefined();
  expect(requestShares("catalog", "bogota", undefined, source({ r1: 75 }), 100_000)).toBeUndefined();
});
