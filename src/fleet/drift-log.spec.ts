import { expect, test } from "vitest";
import type { Drift } from "./apply-object.ts";
import { DriftLog } from "./drift-log.ts";

const service = "v1/Service/money/checkout";
const changed = (found: string): Drift => ({
  fields: [{ field: ".spec.type", found, wanted: "ClusterIP", managers: ["kubectl"] }],
  deleted: false,
  managers: ["kubectl"],
});
const told = {
  object: "Service money/checkout",
  app: "checkout",
  fields: [{ field: ".spec.type", found: '"NodePort"', wanted: '"ClusterIP"', managers: ["kubectl"] }],
  managers: ["kubectl"],
};

test("what waits is told once, for as long as it is the same, and is right in the end", () => {
  const log = new DriftLog();
  expect(log.told()).toEqual({});
  expect(log.waits(service, "checkout", changed("NodePort"), "paused", 10)).toBe(true);
  expect(log.waits(service, "checkout", changed("NodePort"), "paused", 20)).toBe(false);
  expect(log.told()).toEqual({ drift: [{ ...told, at: 10, waits: "paused" }], drifting: 1 });
  expect([...log.waiting]).toEqual([[service, "checkout"]]);
  expect(log.waits(service, "checkout", changed("LoadBalancer"), "paused", 30)).toBe(true);
  expect(log.told().drift).toMatchObject([{ at: 10, fields: [{ found: '"LoadBalancer"' }] }]);
  log.resumed(service);
  expect(log.told().drift![0]).not.toHaveProperty("waits");
  log.healed(service, "checkout", changed("NodePort"), 40);
  expect(log.told()).toEqual({ drift: [{ ...told, at: 10, healedAt: 40 }] });
  expect(log.waiting.size).toBe(0);
});

test("who does the same again and again is told with how often; another thing begins anew", () => {
  const log = new DriftLog();
  for (const now of [10, 20, 30]) log.healed(service, "checkout", changed("NodePort"), now);
  expect(log.told().drift).toEqual([{ ...told, at: 30, healedAt: 30, times: 3 }]);
  log.healed(service, "checkout", changed("LoadBalancer"), 40);
  expect(log.told().drift![0]).not.toHaveProperty("times");
});

test("put right by whoever changed it; taken without a change; not to be read", () => {
  const log = new DriftLog();
  log.waits(service, "checkout", changed("NodePort"), "paused", 10);
  expect(log.settled(service, 15)).toBe(true);
  expect(log.settled(service, 16)).toBe(false);
  expect(log.told()).toEqual({ drift: [{ ...told, at: 10, healedAt: 15 }] });
  const nothing: Drift = { fields: [], deleted: false, managers: [] };
  expect(log.waits("v1/Service/money/a", "a", nothing, "paused", 20)).toBe(false);
  expect(log.waiting.has("v1/Service/money/a")).toBe(true);
  expect(log.told()).not.toHaveProperty("drifting");
  log.waits(service, "checkout", changed("NodePort"), "paused", 25);
  log.waits(service, "checkout", nothing, "paused", 26);
  expect(log.told()).toMatchObject({ drift: [{ at: 25, healedAt: 26 }] });
  expect(log.told()).not.toHaveProperty("drifting");
  expect(log.waits("v1/Service/money/b", undefined, { ...nothing, unread: "a webhook says no" }, "paused", 30)).toBe(
    true,
  );
  expect(log.told().drift![0]).toMatchObject({ waits: "paused; what it is can't be told: a webhook says no" });
});

test("what nothing keeps waiting is given once to be put right, and told as waiting until it is", () => {
  const log = new DriftLog();
  log.waits(service, "checkout", changed("NodePort"), "paused", 10);
  log.waits("v1/Service/money/search", "search", changed("NodePort"), "paused", 10);
  expect(log.resume((app) => app === "search")).toEqual([service]);
  // Nothing could be done about it: it is being deleted, or carries a later revision. Asked again at once, it would be for ever.
  expect(log.resume((app) => app === "search")).toEqual([]);
  expect([log.told().drifting, [...log.waiting.values()]]).toEqual([2, ["search"]]);
  log.resumed(service);
  expect(log.told().drift!.map(({ waits }) => waits)).toEqual(["paused", undefined]);
  expect(log.settled(service, 20)).toBe(true);
  expect(log.told().drifting).toBe(1);
});

test("what waits comes first, and nothing of it is forgotten; the rest is bounded, and goes on after a restart", () => {
  const log = new DriftLog();
  const nobody: Drift = { fields: [], deleted: true, managers: [] };
  for (let at = 0; at < 100; at++) log.waits(`v1/Service/money/w${at}`, undefined, nobody, "paused", at);
  for (let at = 0; at < 500; at++) log.healed(`v1/Service/money/h${at}`, undefined, nobody, at);
  const { drift, drifting } = log.told();
  expect(drifting).toBe(100);
  expect(log.waiting.size).toBe(100);
  expect(drift).toHaveLength(100);
  expect(drift!.every(({ healedAt }) => healedAt === undefined)).toBe(true);
  const next = new DriftLog(drift);
  expect(next.told()).toEqual({ drift, drifting: 100 });
});

test("long values and many fields are cut, and that is said", () => {
  const log = new DriftLog();
  const fields = Array.from({ length: 20 }, (_, at) => ({
    ...{ field: `.f${at}`, found: "x".repeat(1000), wanted: undefined },
    managers: [],
  }));
  log.healed(service, undefined, { fields, deleted: false, managers: [] }, 1);
  const [only] = log.told().drift!;
  expect(only).toMatchObject({ more: 12 });
  expect(only!.fields[0]!.found).toHaveLength(200);
  expect(only!.fields[0]!.found).toMatch(/x…$/);
});

test("whatever waits is told, the first of it with its fields", () => {
  const log = new DriftLog();
  log.waits("networking.istio.io/v1/VirtualService/money/checkout", "checkout", changed("x"), "paused", 1);
  for (let n = 0; n < 40; n++) log.waits(`v1/Service/money/other${n}`, `other${n}`, changed("x"), "paused", 2 + n);
  const { drift = [], drifting } = log.told();
  expect(drifting).toBe(41);
  expect(drift).toHaveLength(41);
  expect(drift[29]!.fields).toHaveLength(1);
  expect(drift[40]).toMatchObject({ app: "checkout", fields: [], more: 1 });
});

test("what an earlier process told of, and nobody knows any more, waits for nothing", () => {
  const before = new DriftLog();
  before.waits(service, "checkout", changed("x"), "paused", 1);
  before.waits("v1/Service/money/cart", "cart", changed("x"), "paused", 2);
  const log = new DriftLog(before.told().drift);
  log.forget((object) => object === "Service money/cart", 9);
  expect(log.told()).toMatchObject({ drifting: 1, drift: [{ app: "cart", waits: "paused" }, { healedAt: 9 }] });
  expect(log.told().drift![1]).not.toHaveProperty("waits");
});
