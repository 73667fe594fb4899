import fc from "fast-check";
import { expect, test } from "vitest";
import { expired, FakeApi, ManualClock, pod, settle } from "../../test/harness/fake-kube-api.ts";
import { kinds } from "../objects/kinds.ts";
import type { KubeObject } from "../objects/meta.ts";
import { KubeError } from "./kube-error.ts";
import { Reflector, type ReflectorOptions } from "./reflector.ts";

function setUp(options: Partial<ReflectorOptions<KubeObject>> = {}) {
  const api = new FakeApi();
  const clock = new ManualClock();
  const reflector = new Reflector({
    client: api as never,
    kind: kinds.Pod,
    clock,
    random: () => 0.5,
    backOff: { baseMs: 100, maxMs: 1000 },
    ...options,
  });
  const told: string[] = [];
  reflector.listen({
    added: ({ metadata }) => told.push(`+${metadata.name}`),
    modified: ({ metadata }) => told.push(`~${metadata.name}`),
    deleted: ({ metadata }) => told.push(`-${metadata.name}`),
    synced: () => told.push("synced"),
    problem: ({ message }) => told.push(`! ${message}`),
  });
  return { api, clock, reflector, told };
}

test("lists in pages, then follows the watch from the list's version", async () => {
  const { api, reflector, told } = setUp({ pageSize: 2, namespace: "food", labelSelector: "a=b" });
  for (const name of ["a", "b", "c"]) api.put(name);
  reflector.start();
  await settle();
  expect(told).toEqual(["+a", "+b", "+c", "synced"]);
  api.put("a");
  api.remove("b");
  await settle();
  expect(told.slice(4)).toEqual(["~a", "-b"]);
  expect(api.lists).toMatchObject([{ limit: 2, namespace: "food", labelSelector: "a=b" }, { continue: "2" }]);
  expect(api.watches).toMatchObject([{ resourceVersion: "3", namespace: "food", labelSelector: "a=b" }]);
  expect([...reflector.values()].map(({ metadata }) => metadata.name)).toEqual(["a", "c"]);
  await reflector.stop();
  expect(reflector.status()).toMatchObject({ state: "stopped", objects: 2 });
});

test("a broken watch resumes after a wait, without listing, from the last bookmark", async () => {
  const { api, clock, reflector, told } = setUp();
  reflector.start();
  await settle();
  api.version = 40;
  api.bookmark();
  await settle();
  api.break(new Error("socket hang up"));
  await settle();
  expect(reflector.status()).toMatchObject({ state: "waiting", failures: 1, error: "socket hang up" });
  api.put("late");
  await clock.pass(75);
  expect(api.watches.map(({ resourceVersion }) => resourceVersion)).toEqual(["0", "40"]);
  expect(api.lists).toHaveLength(1);
  expect(told).toEqual(["synced", "! socket hang up", "+late"]);
  expect(reflector.status()).toMatchObject({ state: "watching", failures: 0 });
  await reflector.stop();
});

test("a watch that is accepted ends the trouble, even when nothing happens on it", async () => {
  const { api, clock, reflector } = setUp();
  let watching = 0;
  reflector.listen({ watching: () => watching++ });
  reflector.start();
  await settle();
  api.watchError = new KubeError("kube/unreachable", "nobody there");
  api.break(api.watchError);
  await settle();
  expect(reflector.status()).toMatchObject({ state: "waiting", error: "nobody there" });
  api.watchError = undefined;
  await clock.pass(75);
  expect(reflector.status()).not.toHaveProperty("error");
  expect(reflector.ageMs(clock.now())).toBe(0);
  expect(watching).toBe(2);
  await reflector.stop();
});

test("410 lists again at once, telling only what differs; an object made anew under the same name is deleted first", async () => {
  const { api, reflector, told } = setUp();
  for (const name of ["same", "gone", "anew"]) api.put(name);
  reflector.start();
  await settle();
  told.length = 0;
  api.bookmark();
  await settle();
  api.break("end");
  api.objects.delete("gone");
  api.objects.set("anew", pod("anew", ++api.version, "another"));
  api.compact();
  await settle();
  expect(told).toEqual(["-gone", "-anew", "+anew", "synced"]);
  expect(api.lists).toHaveLength(2);
  await reflector.stop();
});

test("one that waits after a failure asks again at once when it is told that the server answers others", async () => {
  const { api, reflector } = setUp();
  reflector.start();
  await settle();
  api.break(new Error("socket hang up"));
  await settle();
  expect(reflector.status().state).toBe("waiting");
  reflector.hurry();
  await settle();
  expect(reflector.status().state).toBe("watching");
  await reflector.stop();
});

test("waits grow while the API stays away, Retry-After counts, and the age tells how old the view is", async () => {
  const { api, clock, reflector } = setUp();
  expect(reflector.ageMs(clock.now())).toBe(Infinity);
  reflector.start();
  await settle();
  expect(reflector.ageMs(clock.now())).toBe(0);
  api.watchError = new KubeError("kube/unreachable", "nobody there");
  api.break(api.watchError);
  await settle();
  for (let turn = 0; turn < 5; turn++) await clock.pass(1000);
  expect(clock.waits).toEqual([75, 150, 300, 600, 750, 750]);
  expect(reflector.ageMs(clock.now())).toBe(5000);
  api.watchError = new KubeError("kube/status", "slow down", { status: 429, retryAfterMs: 7000 });
  await clock.pass(1000);
  expect(clock.waits.at(-1)).toBe(7875);
  api.watchError = undefined;
  api.put("x");
  await clock.pass(7875);
  expect(reflector.get("x", "food")).toBeDefined();
  expect(reflector.ageMs(clock.now())).toBe(0);
  await reflector.stop();
});

test("a server that ends every watch at once, or always says 410, isn't asked without pause", async () => {
  for (const how of ["end", "410"] as const) {
    const { api, clock, reflector } = setUp();
    if (how === "410") api.watchError = expired();
    else api.watchEnds = true;
    reflector.start();
    await settle();
    await settle();
    expect(api.watches.length).toBeLessThan(5);
    expect(clock.waits.length).toBeGreaterThan(0);
    await reflector.stop();
  }
});

test("a connection that dies without a word is given up when the watch should long be over", async () => {
  const { api, clock, reflector } = setUp({ watchSeconds: 60 });
  reflector.start();
  await settle();
  await clock.pass(90_000 + 30_000);
  await clock.pass(75);
  expect(api.watches).toHaveLength(2);
  await reflector.stop();
});

test("what isn't an object of the kind is no news: the watch is resumed from before it", async () => {
  const { api, clock, reflector, told } = setUp();
  reflector.start();
  await settle();
  const half = { apiVersion: "v1", kind: "Pod", metadata: { resourceVersion: "7" } } as KubeObject;
  const other = { ...pod("a", 8), kind: "Secret" };
  for (const object of [half, other]) {
    api.history.push({ version: 9, event: { type: "ADDED", object } });
    api.put("good");
    await settle();
    expect(reflector.failure).toMatchObject({ code: "kube/malformed" });
    api.history = api.history.filter(({ event }) => event.object !== object);
    await clock.pass(1000);
    expect(reflector.failure).toBeUndefined();
  }
  expect(told.filter((each) => each.startsWith("+"))).toEqual(["+good"]);
  expect(api.watches.map(({ resourceVersion }) => resourceVersion).slice(0, 2)).toEqual(["0", "0"]);
  await reflector.stop();
});

test("a list without end is given up", async () => {
  const { api, reflector } = setUp({ pageSize: 1 });
  for (const name of ["a", "b"]) api.put(name);
  const { list } = api;
  api.list = async (kind, options) => ({ ...(await list(kind, options)), continue: "1" });
  reflector.start();
  await settle();
  expect(reflector.failure?.message).toBe("list pods: its pages have no end");
  expect(reflector.synced).toBe(false);
  await reflector.stop();
});

test("a listener that throws neither stops the others nor the reflector", async () => {
  const { api, reflector, told } = setUp();
  const problems: string[] = [];
  reflector.listen({
    added: () => {
      throw new Error("mine");
    },
    problem: ({ message }) => problems.push(message),
  });
  const later: string[] = [];
  reflector.listen({ added: ({ metadata }) => later.push(metadata.name) });
  api.put("a");
  reflector.start();
  await settle();
  api.put("b");
  await settle();
  expect(told).toEqual(["+a", "synced", "+b"]);
  expect(later).toEqual(["a", "b"]);
  expect(problems).toEqual(["mine", "mine"]);
  await reflector.stop();
});

test("whatever happens on the way, the view ends as the API's, and what was told adds up to it", async () => {
  const action = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant("put" as const),
        name: fc.constantFrom("a", "b", "c", "d"),
        uid: fc.constantFrom("u1", "u2"),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constant("remove" as const), name: fc.constantFrom("a", "b", "c", "d") }),
    },
    fc.constantFrom(
      { do: "bookmark" as const },
      { do: "end" as const },
      { do: "break" as const },
      { do: "compact" as const },
      { do: "outage" as const },
      { do: "settle" as const },
    ),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 40 }), async (actions) => {
      const { api, clock, reflector } = setUp({ pageSize: 2 });
      const mirror = new Map<string, string>();
      const wrong: string[] = [];
      reflector.listen({
        added: ({ metadata: { name, resourceVersion } }) => {
          expect(mirror.has(name)).toBe(false);
          mirror.set(name, resourceVersion!);
        },
        modified: ({ metadata: { name, resourceVersion } }) => {
          expect(mirror.has(name)).toBe(true);
          mirror.set(name, resourceVersion!);
        },
        deleted: ({ metadata: { name } }) => {
          expect(mirror.delete(name)).toBe(true);
        },
        problem: (error) => {
          if (error.name === "AssertionError") wrong.push(error.message);
        },
      });
      reflector.start();
      for (const step of actions) {
        if (step.do === "put") api.put(step.name, step.uid);
        else if (step.do === "remove") api.remove(step.name);
        else if (step.do === "bookmark") api.bookmark();
        else if (step.do === "end") api.break("end");
        else if (step.do === "break") api.break(new Error("broken"));
        else if (step.do === "compact") {
          api.compact();
          api.break(expired());
        } else if (step.do === "outage") {
          api.listError = api.watchError = new KubeError("kube/unreachable", "away");
          api.break(api.watchError);
        } else await settle();
      }
      api.listError = api.watchError = undefined;
      for (let turn = 0; turn < 8; turn++) await clock.pass(1000);
      const truth = Object.fromEntries(
        [...api.objects].map(([name, { metadata }]) => [name, metadata.resourceVersion]),
      );
      expect(
        Object.fromEntries([...reflector.values()].map(({ metadata }) => [metadata.name, metadata.resourceVersion])),
      ).toEqual(truth);
      expect(Object.fromEntries(mirror)).toEqual(truth);
      expect(wrong).toEqual([]);
      await reflector.stop();
    }),
    { numRuns: 150 },
  );
});
