import { expect, it } from "vitest";
import type { Concern } from "./concerns.ts";
import { RejectionLog } from "./rejections.ts";
import type { Replica, Round } from "./replica.ts";
import { StepQuestion } from "./step-question.ts";
import { told } from "./told.ts";

const routes = { kind: "VirtualService", namespace: "money", name: "x", resourceVersion: "9", spec: {} };
const concern = {
  ...{ object: routes, id: "VirtualService/money/x", types: ["rds"], routers: false },
  selectors: [{ namespace: "money", labels: {} }],
} as unknown as Concern;
const sync = (clean: boolean) => ({ sent: 5, acked: clean ? 5 : 4, clean });
const proxy = (id: string, clean = true) => ({
  ...{ id, router: false },
  types: { cds: sync(true), lds: sync(true), rds: sync(clean) },
});
/** One istiod that knows the object, whose rounds are what `round` gives. */
const istiod = (round: () => object) =>
  ({
    ...{ name: "i", rejections: new RejectionLog(), lateRound: async () => round() as Round },
    round: async () => round() as Round,
    scope: async () => undefined,
    known: async () => new Map([["VirtualService/money/x", "9"]]),
  }) as unknown as Replica;

it("proxies that are busy in turn don't hold a step up", async () => {
  let ms = 0;
  let turn = 0;
  const ids = ["a-1.money", "b-1.money"];
  const replica = istiod(() => ({ at: ms, started: 1, proxies: ids.map((id, at) => proxy(id, at !== turn)) }));
  const waitMs = 15_000;
  const question = new StepQuestion({
    concerns: [concern],
    revision: 7,
    workloads: async () => [],
    waitMs,
    now: () => ms,
  });
  let done = false;
  for (; ms < 120_000 && !done; ms += 1000, turn ^= 1)
    ({ done } = told(await question.ask([replica]), "advance", waitMs));
  expect(done).toBe(true);
  expect(ms).toBeGreaterThan(waitMs);
});

it("one that is always busy does", async () => {
  let ms = 0;
  const ids = ["a-1.money", "b-1.money"];
  const replica = istiod(() => ({ at: ms, started: 1, proxies: ids.map((id, at) => proxy(id, at === 0)) }));
  const question = new StepQuestion({
    ...{ concerns: [concern], revision: 7, workloads: async () => [], waitMs: 1000, now: () => ms },
  });
  for (; ms < 60_000; ms += 1000)
    expect(told(await question.ask([replica]), "advance", 1000)).toMatchObject({ done: false });
});

it("one look, told twice, excuses nobody; a later one does", async () => {
  let at = 0;
  let ms = 50;
  const replica = istiod(() => ({ at, started: 1, proxies: [] }));
  const shop = { id: "shop-1.money", namespace: "money", labels: {}, hasProxy: true };
  const question = new StepQuestion({
    ...{ concerns: [concern], revision: 7, workloads: async () => [shop], waitMs: 1000, now: () => ms },
  });
  await question.ask([replica]);
  ms = 100;
  expect((await question.ask([replica])).moving).toEqual(["shop-1.money"]);
  at = 120;
  ms = 130;
  expect(await question.ask([replica])).toMatchObject({ moving: [], away: ["shop-1.money"] });
});

it("whom istiod would take for another isn't looked at, and thousands cost no time", async () => {
  const proxies = Array.from({ length: 20_000 }, (_, at) => proxy(`p${at}.money`));
  const replica = istiod(() => ({ at: 0, started: 1, proxies }));
  const workloads = async () => [];
  const question = new StepQuestion({ concerns: [concern], revision: 7, workloads, waitMs: 1000, now: () => 0 });
  expect((await question.ask([replica])).concerned).toBe(20_000);
});
