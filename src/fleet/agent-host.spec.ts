import { beforeEach, expect, test } from "vitest";
import { eventually } from "../../test/harness/eventually.ts";
import type { Seen } from "../model/rows.ts";
import type { ConfigMap } from "../objects/core.ts";
import { AgentHost } from "./agent-host.ts";
import type { AgentMessage } from "./agent-protocol.ts";
import { DesiredObjects, objectKey, type ObjectKey } from "./desired.ts";
import { Healing } from "./healing.ts";
import { memoryLedger } from "./ledger.ts";
import { RemoteDesired } from "./remote-desired.ts";

const now = 1_000_000;
const map = (name: string, value: string): ConfigMap => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { namespace: "money", name },
  data: { value },
});
const keyOf = (name: string): ObjectKey => objectKey(map(name, ""));
let desired: DesiredObjects;
/** An agent's clock, which nobody set. */
const agentNow = 77_000;
let host: AgentHost;
let healing: Healing;
let reported: Seen[];
let connected: boolean[];
beforeEach(() => {
  desired = new DesiredObjects();
  healing = new Healing();
  [reported, connected] = [[], []];
  host = new AgentHost({
    cluster: "lima",
    desired,
    ledger: memoryLedger(),
    claim: async (uid) => ({ identity: { uid, since: 5 }, fresh: false }),
    mayBeEmpty: () => true,
    healing,
    report: async (seen) => void reported.push(seen),
    last: () => reported.at(-1),
    connected: (is) => connected.push(is),
    now: () => now,
  });
});

/** An agent's half, which notes what it asked for. */
function agent(name: string) {
  const pulled: ObjectKey[] = [];
  const remote = new RemoteDesired(
    async (keys) => {
      pulled.push(...keys);
      return host.objects(name, keys);
    },
    () => agentNow,
  );
  const messages: AgentMessage[] = [];
  const follow = () => {
    const stop = new AbortController();
    const done = (async () => {
      for await (const message of host.messages(name, stop.signal)) {
        messages.push(message);
        await remote.take(message);
      }
    })();
    return async () => {
      stop.abort();
      await done;
    };
  };
  const values = () =>
    Object.fromEntries(
      [...remote.source.objects()].map(({ object, rowRevision }) => [
        object.metadata.name,
        `${(object as ConfigMap).data!["value"]} of ${rowRevision}`,
      ]),
    );
  return { remote, pulled, messages, follow, values };
}

test("an agent gets all that is wanted, then what changes and goes, with the revisions it is of", async () => {
  desired.change(3, { put: [map("a", "1"), map("b", "1")] });
  const { remote, values, follow } = agent("one");
  const heard: unknown[] = [];
  remote.source.listen(({ revision, keys, apps }) => heard.push([revision, [...keys], apps]));
  const stop = follow();
  await eventually(() => expect(remote.complete).toBe(true));
  expect(values()).toEqual({ a: "1 of 3", b: "1 of 3" });
  expect(remote.mayBeEmpty).toBe(true);
  desired.set(4, { put: [{ key: keyOf("a"), object: map("a", "2"), rowRevision: 4 }], remove: [], apps: ["checkout"] });
  await eventually(() => expect(values()).toEqual({ a: "2 of 4", b: "1 of 3" }));
  desired.change(5, { remove: [keyOf("b")] });
  await eventually(() => expect(values()).toEqual({ a: "2 of 4" }));
  desired.change(6, {});
  await eventually(() => expect(remote.source.revision).toBe(6));
  expect(heard).toEqual([
    [3, [keyOf("a"), keyOf("b")], undefined],
    [4, [keyOf("a")], ["checkout"]],
    [5, [keyOf("b")], undefined],
    [6, [], undefined],
  ]);
  expect(connected).toEqual([true]);
  await stop();
  expect(connected).toEqual([true, false]);
});

test("an agent that was cut off asks only for what it lacks", async () => {
  desired.change(3, { put: ["a", "b", "c", "d"].map((name) => map(name, "1")) });
  const { remote, pulled, values, follow } = agent("one");
  await eventually(async () => {
    const stop = follow();
    await eventually(() => expect(remote.complete).toBe(true));
    await stop();
  });
  pulled.length = 0;
  desired.change(4, { put: [map("a", "2")], remove: [keyOf("b")] });
  // The same content from a later row is another version: the object carries its revision.
  desired.change(5, { put: [map("c", "1")] });
  const stop = follow();
  await eventually(() => expect(remote.source.revision).toBe(5));
  expect(pulled.toSorted()).toEqual([keyOf("a"), keyOf("b"), keyOf("c")]);
  expect(values()).toEqual({ a: "2 of 4", c: "1 of 5", d: "1 of 3" });
  await stop();
});

test("a slow agent gets the latest once, however much came before it", async () => {
  desired.change(3, { put: [map("a", "1")] });
  const stop = new AbortController();
  const stream = host.messages("slow", stop.signal);
  const next = async () => (await stream.next()).value as AgentMessage;
  const first = [await next(), await next(), await next(), await next()];
  expect(first.map(({ type }) => type)).toEqual(["begin", "healing", "have", "complete"]);
  for (let revision = 4; revision < 100; revision++)
    desired.set(revision, {
      put: [{ key: keyOf("a"), object: map("a", "x"), rowRevision: revision }],
      remove: [],
      apps: [`app${revision % 2}`],
    });
  expect(await next()).toEqual({ type: "changed", revision: 99, keys: [keyOf("a")], apps: ["app0", "app1"] });
  stop.abort();
  expect((await stream.next()).done).toBe(true);
});

test("the agent that dials in last counts: the one before is told, and nothing of it is taken any more", async () => {
  const first = agent("first");
  const stop = first.follow();
  await eventually(() => expect(first.remote.complete).toBe(true));
  await host.put("first", [{ key: "k", revision: 1, applied: "a", owned: "o", made: true }]);
  const second = agent("second");
  const stopSecond = second.follow();
  await eventually(() => expect(first.messages.at(-1)).toEqual({ type: "replaced" }));
  expect(() => host.put("first", [])).toThrow(/another agent of the cluster has dialled in/);
  expect(() => host.objects("first", [])).toThrow();
  await expect(host.report("first", { applied: 1, ready: {}, ageMs: 0 })).rejects.toThrow();
  expect(await host.ledger("second")).toHaveLength(1);
  // The second is still there when the first has gone.
  await stop();
  expect(connected).toEqual([true]);
  await stopSecond();
});

test("after a restart of the server an agent must dial in before anything of it is taken", async () => {
  await expect(host.claim("one", "u")).rejects.toThrow(/dial in first/);
});

test("what an agent reports is of its cluster and by the server's clock", async () => {
  const { follow, remote } = agent("one");
  const stop = follow();
  await eventually(() => expect(remote.complete).toBe(true));
  await host.report("one", { applied: 7, ready: {}, ageMs: 400 });
  await host.claim("one", "uid-of-lima");
  await host.report("one", { applied: 8, ready: {}, ageMs: null, error: "it is away" });
  expect(reported).toEqual([
    { cluster: "lima", applied: 7, ready: {}, at: now - 400 },
    // Nothing was observed: what stood there stands, but for what is wrong now.
    {
      ...{ cluster: "lima", applied: 7, ready: {}, at: now - 400 },
      ...{ error: "it is away", identity: { uid: "uid-of-lima", since: 5 } },
    },
  ]);
  await stop();
});

test("an agent hears of pauses before anything else, and of each change, as lengths of time: its clock is its own", async () => {
  const why = "looking at it";
  const pause = { until: now + 60_000, why };
  healing.set([pause, { until: now - 1 }]);
  const { follow, remote, messages } = agent("one");
  const stop = follow();
  await eventually(() => expect(remote.complete).toBe(true));
  expect(messages.slice(0, 2).map(({ type }) => type)).toEqual(["begin", "healing"]);
  expect(remote.healing.pauses).toEqual([{ until: agentNow + 60_000, why }]);
  healing.set([pause, { until: now + 5_000, apps: ["checkout"] }]);
  await eventually(() => expect(remote.healing.pauses[1]).toEqual({ until: agentNow + 5_000, apps: ["checkout"] }));
  healing.set([]);
  await eventually(() => expect(remote.healing.pauses).toEqual([]));
  await stop();
});

test("what drifted, and what isn't well, is told with times by the server's clock, and stands while an agent has just begun", async () => {
  const { follow, remote } = agent("one");
  const stop = follow();
  await eventually(() => expect(remote.complete).toBe(true));
  const drift = { object: "Service money/a", fields: [], managers: ["kubectl"] };
  const sick = { object: "Namespace money", problem: "is being deleted" };
  const waiting = { ...drift, agoMs: 900, waits: "healing is paused" };
  await host.report("one", {
    ...{ applied: 7, ready: {}, ageMs: 0, drifting: 1 },
    drift: [waiting, { ...drift, agoMs: 2000, healedAgoMs: 1500 }],
    unhealthy: { count: 3, objects: [{ ...sick, agoMs: 40_000 }] },
  });
  const { last } = await host.claim("one", "uid-of-lima");
  expect(last?.drift).toEqual([waiting, { ...drift, agoMs: 2000, healedAgoMs: 1500 }]);
  expect(last?.unhealthy).toEqual({ count: 3, objects: [{ ...sick, agoMs: 40_000 }] });
  await host.report("one", { applied: 0, ready: {}, ageMs: null });
  const unwell = { count: 3, objects: [{ ...sick, at: now - 40_000 }] };
  expect(reported.map(({ unhealthy }) => unhealthy)).toEqual([unwell, unwell]);
  expect(reported.map((each) => [each.drifting, each.drift])).toEqual(
    Array.from({ length: 2 }, () => [
      1,
      [
        { ...drift, at: now - 900, waits: "healing is paused" },
        { ...drift, at: now - 2000, healedAt: now - 1500 },
      ],
    ]),
  );
  await stop();
});
