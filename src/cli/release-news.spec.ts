import { expect, test } from "vitest";
import { ReleaseNews } from "./release-news.ts";
import { baseView, clusterAt } from "./release-view.fixture.ts";
import type { ReleaseView, StepView } from "./release-view.ts";

const looked = (at: number, steps: readonly StepView[], more: Partial<ReleaseView> = {}): ReleaseView => ({
  ...baseView,
  at,
  waves: [
    { name: "wave 1", maxConcurrent: 1, state: "running", clusters: [{ ...clusterAt("lima", 0, "running"), steps }] },
  ],
  ...more,
});
const step = (more: Partial<StepView>): StepView => ({
  do: "weight",
  label: "10 %",
  state: "running",
  holdMs: 10_000,
  ...more,
});
const wait = (kind: string, reason: string, then = "the release is taken back") => ({
  cell: "lima",
  kind,
  reason,
  until: 100_000,
  then,
});

test("a step: what it waits for, that it is acknowledged, how it was judged", () => {
  const news = new ReleaseNews();
  const said = (view: ReleaseView) => news.of(view).map((line) => line.replace("orders-r7 ", ""));
  const proxies = (count: number) => wait("proxies", `lima: ${count} of 4 proxies have it`);
  said(looked(0, []));
  expect(said(looked(1000, [step({ writtenAt: 0, wait: proxies(1) })]))).toEqual([]);
  expect(said(looked(4000, [step({ writtenAt: 0, wait: proxies(2) })]))).toEqual([
    "lima: ◊ 10 % – 2 of 4 proxies have it (deadline in 1 min 36 s: then the release is taken back)",
  ]);
  expect(said(looked(5000, [step({ writtenAt: 0, wait: proxies(3) })]))).toEqual([]);
  const held = { writtenAt: 0, heldAt: 6000, receipt: "4 of 4 proxies in 6.0 s" };
  const hold = wait("hold", "lima: No look is complete yet.", "it is judged");
  expect(said(looked(6100, [step({ ...held, wait: hold })]))).toEqual([
    "lima: ◊ 10 % for 10 s – 4 of 4 proxies in 6.0 s",
  ]);
  expect(said(looked(9000, [step({ ...held, wait: hold })]))).toEqual([]);
  const verdict = { kind: "pass", reason: "0 of 40 requests failed (0 %)." };
  expect(said(looked(17_000, [step({ ...held, state: "done", verdict })]))).toEqual([
    "lima: ● 10 % – 0 of 40 requests failed (0 %)",
  ]);
});

test("the way back: why, and what the app wrote, once", () => {
  const news = new ReleaseNews();
  news.of(looked(0, []));
  const reason = "lima: exited with code 1: boom";
  const back = [step({ label: "all to the old one", state: "done", receipt: "4 of 4 proxies in 0.2 s" })];
  const going = looked(1000, [], { phase: "going back", code: "crashing", reason });
  expect(news.of(going)).toEqual([
    "orders-r7: ✖ goes back: lima: exited with code 1 [crashing]",
    "  it wrote:\n  | boom",
  ]);
  const cluster = { ...clusterAt("lima", 0, "going back"), steps: [], back };
  const waves = [{ name: "wave 1", maxConcurrent: 1, state: "going back" as const, clusters: [cluster] }];
  expect(news.of({ ...going, waves })).toEqual(["orders-r7 lima: ● all to the old one – 4 of 4 proxies in 0.2 s"]);
  const stages = [step({ label: "calls closed", state: "done", receipt: "applied in 0.0 s" })];
  expect(news.of({ ...going, waves, stages })).toEqual(["orders-r7: ● calls closed – applied in 0.0 s"]);
  expect(news.of({ ...going, waves, stages, phase: "failed", endedAt: 30_000 })).toEqual([
    "✖ orders-r7 failed, taken back after 30 s: r7 in place of r3 (workload)",
  ]);
});

test("every pause is told", () => {
  const news = new ReleaseNews();
  const paused = looked(0, [], { phase: "paused" });
  expect(
    [looked(0, []), paused, paused, looked(0, []), paused]
      .flatMap((view) => news.of(view))
      .filter((line) => line.includes("paused")),
  ).toHaveLength(2);
});
