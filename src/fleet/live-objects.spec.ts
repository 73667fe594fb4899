import { expect, test } from "vitest";
import { FakeApi, ManualClock, settle } from "../../test/harness/fake-kube-api.ts";
import type { Kind } from "../objects/kinds.ts";
import type { KubeObject } from "../objects/meta.ts";
import type { WatchOptions } from "../kube/kube-client.ts";
import { errorFromStatus } from "../kube/kube-error.ts";
import { liveView } from "./live-view.ts";
import { LiveObjects } from "./live-objects.ts";
import { appliedKinds } from "./order.ts";

test("the first kind that is answered after an outage wakes all others that wait", async () => {
  const api = new FakeApi();
  const clock = new ManualClock();
  let draws: number[] = [];
  let answers = 0;
  const live = new LiveObjects({
    client: api as never,
    clock,
    random: () => draws.shift() ?? 0.99,
    backOff: { baseMs: 1000, maxMs: 30_000 },
    changed: () => undefined,
    observed: () => undefined,
    answers: () => void answers++,
  });
  live.start();
  await settle();
  expect(live.error()).toBeUndefined();
  // One comes back after half a second, the others after nearly a whole one.
  draws = [0];
  answers = 0;
  api.break(new Error("socket hang up"));
  await settle();
  expect(live.error()).toBe("socket hang up");
  await clock.pass(600);
  expect(live.error()).toBeUndefined();
  expect(answers).toBe(appliedKinds.length + 1);
  await live.stop();
});

test("after a long outage one asks every few seconds, and wakes all others", async () => {
  const api = new FakeApi();
  const clock = new ManualClock();
  const live = new LiveObjects({
    client: api as never,
    clock,
    random: () => 0.99,
    backOff: { baseMs: 1000, maxMs: 600_000 },
    changed: () => undefined,
    observed: () => undefined,
  });
  live.start();
  await settle();
  api.listError = api.watchError = new Error("no route to host");
  api.break(new Error("socket hang up"));
  for (let second = 0; second < 1200; second++) await clock.pass(1000);
  expect(live.error()).toBe("no route to host");
  // It answers, and refuses: then that is what is known of it, and no longer what went before.
  const said = { kind: "Status", reason: "InternalError", message: "leader changed", code: 500 };
  api.listError = api.watchError = errorFromStatus("GET /api/v1/pods", 500, JSON.stringify(said));
  await clock.pass(6000);
  expect(live.error()).toContain("leader changed");
  api.listError = api.watchError = undefined;
  for (let second = 0; second < 11; second++) await clock.pass(1000);
  expect(live.error()).toBeUndefined();
  await live.stop();
});

test("where every watch is answered and breaks at once, nobody wakes the others again and again", async () => {
  const clock = new ManualClock();
  let watches = 0;
  let draws = 1;
  const client = {
    list: async () => ({ items: [], resourceVersion: "1" }),
    watch: async function* (_: Kind, { opened }: WatchOptions): AsyncGenerator<never> {
      // Else a test that fails has no end.
      if (++watches > 2000) await new Promise(() => undefined);
      // An answer takes its time; what breaks off is gone at once.
      await settle();
      opened?.();
      yield* await Promise.reject<never[]>(new Error("socket hang up"));
    },
  };
  const live = new LiveObjects({
    client: client as never,
    ...{ clock, random: () => (draws = (draws * 7919 + 13) % 997) / 997, backOff: { baseMs: 1000, maxMs: 30_000 } },
    ...{ changed: () => undefined, observed: () => undefined },
  });
  live.start();
  for (let tenths = 0; tenths < 600; tenths++) await clock.pass(100);
  // By their back-off each comes 7 times in a minute, and 12 times more when it is woken.
  expect(watches).toBeLessThan(20 * (appliedKinds.length + 1));
  void live.stop();
});

test("of our own writes nothing is told; of what came after them all is", async () => {
  const rules = (resourceVersion: string): KubeObject => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { namespace: "money", name: "rules", uid: "u", resourceVersion },
  });
  let push = (_: KubeObject): void => undefined;
  const client = {
    list: async () => ({ items: [], resourceVersion: "1" }),
    watch: async function* ({ kind }: Kind, { opened, signal }: WatchOptions) {
      opened?.();
      while (!signal.aborted) {
        const object = await new Promise<KubeObject | undefined>((next) => {
          if (kind === "ConfigMap") push = next;
          signal.addEventListener("abort", () => next(undefined));
        });
        if (object) yield { type: "MODIFIED", object };
      }
    },
  };
  const told: string[] = [];
  const live = new LiveObjects({
    client: client as never,
    clock: new ManualClock(),
    random: () => 0,
    backOff: { baseMs: 1000, maxMs: 30_000 },
    changed: (key) => told.push(key),
    observed: () => undefined,
  });
  live.start();
  await settle();
  live.wrote("v1/ConfigMap/money/rules", liveView(rules("5")));
  for (const version of ["4", "5"]) {
    push(rules(version));
    await settle();
  }
  expect(told).toEqual([]);
  live.wrote("v1/ConfigMap/money/rules", liveView(rules("7")));
  push(rules("8"));
  await settle();
  expect(told).toEqual(["v1/ConfigMap/money/rules"]);
  await live.stop();
});

test("pods are heard of again within 90 s, though nothing changes and no bookmark comes", async () => {
  const asked: Record<string, number | undefined> = {};
  const client = {
    list: async () => ({ items: [], resourceVersion: "1" }),
    watch: async function* ({ kind }: Kind, { opened, signal, timeoutSeconds }: WatchOptions) {
      asked[kind] = timeoutSeconds;
      opened?.();
      yield* [];
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
    },
  };
  const live = new LiveObjects({
    client: client as never,
    clock: new ManualClock(),
    random: () => 0.99,
    backOff: { baseMs: 1000, maxMs: 30_000 },
    changed: () => undefined,
    observed: () => undefined,
    answers: () => undefined,
  });
  live.start();
  await settle();
  expect(asked.Pod).toBeLessThan(85);
  expect(asked.ConfigMap).toBeGreaterThan(400);
  await live.stop();
});
