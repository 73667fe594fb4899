import { afterAll, beforeAll, expect, test } from "vitest";
import { account, told, withinWeight, type Bad } from "../harness/account.ts";
import type { TestFleet } from "../harness/fleet.ts";
import { brief, mostWeight, quick, spanOf, type StoryApp } from "../harness/releases.ts";
import { clients, declared, expectNoneFailed, openShop, shop, twoWaves, under } from "./support/two-clusters.ts";

/** What a deployment is like for whoever calls the app: more than 200 requests a second, none of which is repeated. */
let fleet: TestFleet;
beforeAll(async () => {
  fleet = await openShop();
});
afterAll(() => fleet?.stop());

async function release(what: string, app: StoryApp, bad: Bad = {}) {
  const { result, tallies } = await under(fleet, clients, () => declared(fleet, app));
  const seen = account(tallies, bad);
  console.log(told(what, seen));
  return { ...result, seen, tallies };
}

test("a good version takes over without one failed request", async () => {
  const { view, seen } = await release("a good version", shop({ version: "v2" }));
  expect(view.phase, brief(view)).toBe("finished");
  expectNoneFailed(seen);
  expect(seen.versions["v2"]).toBeGreaterThan(0);
});

test("one that answers 5xx is gone at its first weight", async () => {
  const next = shop({ version: "v3", behaviour: "failing" });
  const { view, seen } = await release("one that answers 500", next, { versions: ["v3"] });
  expect(view, brief(view)).toMatchObject({ phase: "failed", code: "unhealthy" });
  expect(view.reason).toMatch(/failed/);
  expect(mostWeight(view)).toBe(10);
  expectNoneFailed(seen);
  expect(seen.bad.answers).toBeGreaterThan(0);
  expect(withinWeight(seen.bad, 10)).toBe(true);
});

test("one that is slow is told by its 99th percentile", async () => {
  const next = shop({
    version: "v4",
    behaviour: "slow",
    rollout: { analysis: { ...quick.analysis, p99: "500ms" } },
  });
  const { view, seen } = await release("one that is slow", next, { versions: ["v4"] });
  expect(view, brief(view)).toMatchObject({ phase: "failed", code: "unhealthy" });
  expect(view.reason).toMatch(/500 ?ms/);
  expect(mostWeight(view)).toBe(10);
  expectNoneFailed(seen);
  expect(seen.bad.answers).toBeGreaterThan(0);
  expect(withinWeight(seen.bad, 10)).toBe(true);
});

test("one that never gets ready never gets a request", async () => {
  const next = shop({ version: "v5", behaviour: "unready", rollout: { progressDeadline: "6s" } });
  const { view, seen } = await release("one that never gets ready", next, { versions: ["v5"] });
  expect(view, brief(view)).toMatchObject({ phase: "failed", code: "never-ready" });
  expectNoneFailed(seen);
  expect(seen.versions["v5"]).toBeUndefined();
});

test("one that crashes at 50 % is taken back at once", async () => {
  const steps = [
    { weight: 10, hold: "2s" },
    { weight: 50, hold: "20s" },
  ];
  const next = shop({ version: "v6", behaviour: "crashing", env: { LIMIT: "250" }, rollout: { steps } });
  const { view, seen, tallies } = await release("one that crashes at 50 %", next, { versions: ["v6"] });
  expect(view, brief(view)).toMatchObject({ phase: "failed", code: "crashing" });
  expect(mostWeight(view), brief(view)).toBe(50);
  // Of a crashed process proxies tell: in the time of its weight, that is its answer.
  const during = spanOf(view, ({ weight }) => weight === 50);
  const apart = account(tallies, { versions: ["v6"], during });
  console.log(told("  with what proxies answered for it", apart), seen.failures);
  expectNoneFailed(apart);
  expect(withinWeight(apart.bad, 50)).toBe(true);
});

test("a timeout mistyped as 3ms is caught in the first wave, and not shipped again before it is edited", async () => {
  const mistyped = { rollout: { waves: twoWaves }, spec: { traffic: { timeout: "3ms" } } };
  const first = await release("a timeout of 3ms", shop({ version: "v2", ...mistyped }));
  expect(first.view, brief(first.view)).toMatchObject({ phase: "failed", code: "unhealthy", parts: ["traffic"] });
  const during = { ...spanOf(first.view, (step) => step.do === "traffic"), client: /bogota/ };
  const apart = account(first.tallies, { during });
  console.log(told("  outside the first wave and its time", apart));
  expectNoneFailed(apart);
  expect(apart.bad.answers).toBeGreaterThan(0);

  const next = await release("the next deploy, still declaring it", shop({ version: "v7", ...mistyped }));
  expect(next.release.warnings.map(({ code }) => code)).toContain("keeps-good-part");
  expect(next.view, brief(next.view)).toMatchObject({ phase: "finished", parts: ["workload"] });
  expectNoneFailed(next.seen);

  const edited = { ...mistyped, spec: { traffic: { timeout: "3s" } } };
  const last = await release("edited to 3s", shop({ version: "v7", ...edited }));
  expect(last.release.warnings.map(({ code }) => code)).not.toContain("keeps-good-part");
  expect(last.view, brief(last.view)).toMatchObject({ phase: "finished", parts: ["traffic"] });
  expectNoneFailed(last.seen);
});
