import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { App } from "../model/app.ts";
import type { InForce } from "../store/in-force.ts";
import { openSqliteStore } from "../store/open-sqlite-store.ts";
import type { Store } from "../store/store.ts";
import { acceptApp, acceptWithdrawal } from "./accept.ts";
import type { Acknowledger } from "./acknowledge.ts";
import { ReleaseEngine } from "./engine.ts";
import type { Missing } from "../model/rows.ts";
import { fakeFleet, nobodyCalls } from "./fake-fleet.ts";
import type { ReleaseStatus } from "./release-status.ts";

const nobody: Acknowledger = {
  ask: async () => ({ done: true, evidence: "1 of 1 proxies" }),
  close: async () => undefined,
};
const quiet = {
  info: (...a: unknown[]) => {
    if (process.env.SAY) console.log(JSON.stringify(a));
  },
  error: (fields: object) => console.error(fields),
};
const app = (name: string, spec = "", segment = "money", deadline = "10m"): App =>
  parse(`
apiVersion: quipu.dev/v1
kind: App
metadata: { name: ${name} }
spec:
  team: t
  segment: ${segment}
  workload: { drain: 1ms }
  rollout: { progressDeadline: ${deadline}, steps: [{ weight: 50, hold: 1s }] }
${spec}`) as App;
const cause = { kind: "deploy", by: "ana" } as const;
const image = (n: number) => `registry.example/x:${n}`;

describe("the release engine, with a fake fleet", () => {
  let folder: string;
  let store: Store;
  let engine: ReleaseEngine;
  let views: InForce[];
  let trouble: (app: string, revision: string, image: string) => string | undefined;
  let silent: string[];
  let missing: Missing[];
  let stopFleet: () => void;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "quipu-engine-"));
    store = await openSqliteStore(join(folder, "quipu.db"), { now });
    await store.write(async (tx) => {
      for (const name of ["bogota", "lima"])
        await tx.put({ apiVersion: "quipu.dev/v1", kind: "Cluster", metadata: { name }, spec: { region: name } });
    });
    [views, trouble, silent, missing] = [[], () => undefined, [], []];
    stopFleet = fakeFleet(store, ["bogota", "lima"], {
      trouble: (...args) => trouble(...args),
      silent: () => silent,
      missing: () => missing,
      onView: (view) => views.push(view),
    });
    engine = begin();
    await engine.start();
  });
  afterEach(async () => {
    await engine.stop();
    stopFleet();
    await store.close();
    rmSync(folder, { recursive: true });
  });
  // Time runs fifty times faster than on the wall, so that deadlines come.
  const faster = 50;
  const start = Date.now();
  const now = () => start + (Date.now() - start) * faster;
  const begin = (acknowledger = nobody) =>
    new ReleaseEngine({
      store,
      acknowledger,
      evidence: nobodyCalls,
      now,
      log: quiet,
      after: (ms, then) => {
        const handle = setTimeout(then, ms / faster);
        return () => clearTimeout(handle);
      },
    });

  async function release(document: App, to?: string, wait = true): Promise<ReleaseStatus & { name?: string }> {
    const outcome = await store.write(async (tx) => {
      const object = await tx.put(document);
      return acceptApp(tx, document, { cause, declared: object.revision, ...(to !== undefined && { image: to }) });
    });
    expect(outcome.problems).toEqual([]);
    if (outcome.release === undefined) return { phase: "none", step: null };
    engine.kick(document.metadata.name);
    if (wait) await engine.idle();
    return { ...(await statusOf(outcome.release.name)), name: outcome.release.name };
  }
  const statusOf = async (name: string) =>
    (await store.read((tx) => tx.get("Release", name)))!.body.status as unknown as ReleaseStatus;
  const lane = (name: string, cluster = "bogota") =>
    store.inForce().lanes.get(cluster)?.get(name)?.value as Extract<
      InForce["lanes"] extends ReadonlyMap<string, ReadonlyMap<string, { value: infer L }>> ? L : never,
      { kind: "home" }
    >;
  const roster = (name: string) => store.inForce().rosters.get(name)!.value;

  it("declares only, while there is no image", async () => {
    expect(await release(app("a"))).toMatchObject({ phase: "none" });
    expect(store.inForce().rosters.size).toBe(0);
  });

  it("brings a first release into every placed cluster: no route before pods are ready", async () => {
    expect(await release(app("a"), image(1))).toMatchObject({ phase: "finished", name: "a-r1" });
    for (const cluster of ["bogota", "lima"])
      expect(lane("a", cluster)).toMatchObject({
        good: "r1",
        weights: { r1: 100 },
        ready: ["r1"],
        live: { r1: expect.any(String) as string },
      });
    expect(roster("a").revisions).toEqual(["r1"]);
    expect(store.inForce().bases.get("lima")!.has("money")).toBe(true);
    invariants();
  });

  it("replaces a revision make-before-break and ends with one", async () => {
    await release(app("a"), image(1));
    expect(await release(app("a"), image(2))).toMatchObject({ phase: "finished" });
    expect(lane("a")).toMatchObject({ good: "r2", weights: { r2: 100 }, ready: ["r2"] });
    expect(Object.keys(lane("a").live)).toEqual(["r2"]);
    const order = views.map((view) => {
      const row = view.lanes.get("lima")?.get("a")?.value;
      return row?.kind === "home" ? `${Object.keys(row.live)}|${row.ready}|${Object.keys(row.weights)}` : "";
    });
    expect([...new Set(order)].slice(-7)).toEqual([
      "r1|r1|r1",
      "r1,r2|r1|r1",
      "r1,r2|r1,r2|r1",
      "r1,r2|r1,r2|r1,r2",
      "r1,r2|r1,r2|r2",
      "r1,r2|r2|r2",
      "r2|r2|r2",
    ]);
    invariants();
  });

  it("a change of traffic alone makes neither revision nor workload; the same again makes nothing", async () => {
    await release(app("a"), image(1));
    const traffic = lane("a").traffic;
    expect(await release(app("a", "  traffic: { timeout: 700ms }"))).toMatchObject({ phase: "finished", name: "a-r2" });
    expect(lane("a")).toMatchObject({ good: "r1", live: { r1: expect.any(String) as string } });
    expect(lane("a").traffic).not.toBe(traffic);
    expect(await release(app("a", "  traffic: { timeout: 700ms }"))).toMatchObject({ phase: "none" });
  });

  it("a revision that crashes is removed again with the reason, and what ran is untouched", async () => {
    await release(app("a"), image(1));
    const before = { lane: lane("a"), roster: roster("a") };
    trouble = (_, __, of) =>
      of === image(2) ? "CrashLoopBackOff: exited with 1: cannot find module server.js" : undefined;
    const status = await release(app("a", "  traffic: { timeout: 700ms }\n  calls: [{ app: b }]"), image(2));
    expect(status).toMatchObject({ phase: "failed", reason: expect.stringContaining("cannot find module") as string });
    expect(lane("a")).toEqual(before.lane);
    expect(roster("a")).toEqual(before.roster);
    expect(
      views.every((view) => {
        const row = view.lanes.get("bogota")?.get("a")?.value;
        return row?.kind !== "home" || row.good === null || row.weights.r1 === 100;
      }),
    ).toBe(true);
    invariants();
  });

  it("one that never becomes ready fails at its deadline; a first release then leaves nothing", async () => {
    trouble = () => "no process listens on port 8080";
    expect(await release(app("a"), image(1))).toMatchObject({
      phase: "failed",
      code: "never-ready",
      reason: expect.stringContaining("listens on port 8080") as string,
    });
    expect(store.inForce().rosters.size).toBe(0);
    expect(lane("a")).toBeUndefined();
    trouble = () => undefined;
    expect(await release(app("a"), image(2))).toMatchObject({ phase: "finished", name: "a-r2" });
  });

  it("a newer release supersedes one that waits, and takes its place", async () => {
    await release(app("a"), image(1));
    trouble = (_, revision) => (revision === "r2" ? "still starting" : undefined);
    const slow = app("a");
    slow.spec.rollout = { progressDeadline: "10m" };
    await release(slow, image(2), false);
    await expect.poll(async () => (await statusOf("a-r2")).reason).toContain("still starting");
    const accepted = await store.write((tx) => acceptApp(tx, app("a"), { cause, image: image(3) }));
    // Nobody has begun it yet: even so it says what it waits for.
    expect(await statusOf(accepted.release!.name)).toMatchObject({
      phase: "waiting",
      reason: expect.stringContaining("release 2 of a is under way") as string,
      waits: [{ kind: "turn", then: "this one begins" }],
    });
    engine.kick("a");
    await engine.idle();
    expect(await statusOf("a-r3")).toMatchObject({ phase: "finished" });
    expect(await statusOf("a-r3")).not.toHaveProperty("waits");
    expect(await statusOf("a-r2")).toMatchObject({ phase: "superseded" });
    expect(Object.keys(lane("a").live)).toEqual(["r3"]);
    invariants();
  });

  it("a silent cluster is waited for, with the reason; after the deadline the way leads back, and ends when it answers", async () => {
    await release(app("a"), image(1));
    silent = ["lima"];
    await release(app("a", "  traffic: { timeout: 1s }", "money", "60s"), image(2), false);
    await expect.poll(async () => (await statusOf("a-r2")).reason).toContain("lima: not applied yet");
    await expect.poll(async () => (await statusOf("a-r2")).phase).toBe("going back");
    silent = [];
    const { revision } = store.inForce();
    const ready = { a: { r1: { ready: 2, total: 2 } } };
    await expect
      .poll(async () => {
        for (const cluster of ["bogota", "lima"])
          await store.putSeen({ cluster, applied: Math.max(revision, store.inForce().revision), ready, at: 0 });
        return statusOf("a-r2");
      })
      .toMatchObject({ phase: "failed", code: "not-applied" });
    expect(lane("a")).toMatchObject({ good: "r1", weights: { r1: 100 } });
  });

  it("what a cluster refuses of another app holds nobody up; of its own, it does, and says why", async () => {
    await release(app("a"), image(1));
    missing = [{ from: 1, to: 1, apps: ["b"], error: "Deployment money/b-r1: refused" }];
    await release(app("a"), image(2));
    expect(await statusOf("a-r2")).toMatchObject({ phase: "finished" });
    missing = [{ from: 1, to: 1, apps: ["a"], error: "Deployment money/a-r3: refused" }];
    await release(app("a"), image(3), false);
    await expect.poll(async () => (await statusOf("a-r3")).reason).toContain("Deployment money/a-r3: refused");
  });

  it("unknown is not acknowledged: a proxy that stays silent ends the release, by its name, and nothing of it stays", async () => {
    await release(app("a"), image(1));
    await engine.stop();
    let mute = true;
    engine = begin({
      ask: async (cluster) =>
        mute && cluster === "lima"
          ? { done: false, evidence: "2 of 3 proxies; sidecar~carol lacks route a" }
          : { done: true, evidence: "3 of 3 proxies" },
      close: async () => undefined,
    });
    await engine.start();
    await release(app("a", "", "money", "60s"), image(2), false);
    await expect.poll(async () => (await statusOf("a-r2")).phase).toBe("going back");
    expect(lane("a", "lima").weights).toEqual({ r1: 100 });
    mute = false;
    await engine.idle();
    expect(await statusOf("a-r2")).toMatchObject({
      phase: "failed",
      code: "silent",
      reason: expect.stringContaining("sidecar~carol") as string,
    });
    expect(Object.keys(lane("a", "lima").live)).toEqual(["r1"]);
  });

  it("opens calls in whichever order apps and consents come, and closes them again", async () => {
    await release(app("caller", "  calls: [{ app: callee, methods: [GET] }]", "shop"), image(1));
    expect(roster("caller").edges.callee).toMatchObject({ stage: "wanted", rules: [{ methods: ["GET"] }] });
    await release(app("callee"), image(1));
    expect(roster("caller").edges.callee!.stage).toBe("wanted");
    await release(app("callee", "  access: { callers: [{ app: caller }] }"));
    expect(roster("caller").edges.callee).toMatchObject({ stage: "open", segment: "money" });
    const stages = views
      .map((view) => view.rosters.get("caller")?.value.edges.callee?.stage)
      .filter((stage) => stage !== undefined);
    expect([...new Set(stages)]).toEqual(["wanted", "admitted", "open"]);
    await release(app("callee"));
    expect(roster("caller").edges.callee!.stage).toBe("wanted");
    await release(app("callee", "  access: { callers: [{ app: caller }] }"));
    await release(app("caller", "", "shop"));
    expect(roster("caller").edges).toEqual({});
  });

  it("withdraws a deleted app: its callers wait again, its rows go last", async () => {
    await release(app("caller", "  calls: [{ app: callee }]"), image(1));
    await release(app("callee"), image(1));
    expect(roster("caller").edges.callee!.stage).toBe("open");
    await store.write((tx) => acceptWithdrawal(tx, app("callee"), { kind: "delete", by: "ana" }));
    engine.kick("callee");
    await engine.idle();
    expect(store.inForce().rosters.has("callee")).toBe(false);
    expect(lane("callee")).toBeUndefined();
    expect(roster("caller").edges.callee!.stage).toBe("wanted");
    expect(await release(app("callee"), image(2))).toMatchObject({ phase: "finished", name: "callee-r3" });
    expect(roster("caller").edges.callee!.stage).toBe("open");
  });

  it("leaves a cluster and enters another", async () => {
    await release(app("a", "  placement: { clusters: { matchLabels: { name: bogota } } }"), image(1));
    expect(lane("a", "lima")).toBeUndefined();
    await release(app("a", "  placement: { clusters: { matchLabels: { name: lima } } }"));
    expect(lane("a", "bogota")).toBeUndefined();
    expect(lane("a", "lima")).toMatchObject({ good: "r1", weights: { r1: 100 } });
  });

  it("goes on after a crash at any point, to the same end", async () => {
    await release(app("a"), image(1));
    const end = async () => ({ lane: lane("a"), roster: roster("a"), status: (await statusOf("a-r2")).phase });
    let crashes = 0;
    // A crash: the engine that made a step is gone before it can look again.
    const stop = store.onInForce(() => {
      crashes += 1;
      const old = engine;
      engine = begin();
      void old.stop().then(() => engine.start());
    });
    await release(app("a", "  traffic: { timeout: 2s }"), image(2), false);
    await expect.poll(async () => (await statusOf("a-r2")).phase).toBe("finished");
    stop();
    expect(crashes).toBeGreaterThanOrEqual(4);
    expect(await end()).toMatchObject({
      status: "finished",
      lane: { good: "r2", ready: ["r2"], weights: { r2: 100 } },
    });
    const actions = (await store.read((tx) => tx.journal("a", 2))).map(({ action }) => action);
    expect(actions.filter((action) => !["write", "held"].includes(action))).toEqual(["accept", "begin", "end"]);
    invariants();
  });

  /** In every view that ever was in force. */
  function invariants(): void {
    for (const view of views)
      for (const apps of view.lanes.values())
        for (const { value } of apps.values()) {
          if (value.kind !== "home") continue;
          const weights = Object.entries(value.weights);
          expect([0, 100]).toContain(weights.reduce((sum, [, weight]) => sum + weight, 0));
          for (const [revision] of weights) expect(value.ready).toContain(revision);
          for (const revision of value.ready) expect(value.live[revision]).toBeDefined();
          for (const hash of [...Object.values(value.live), value.scale, value.traffic, value.calls])
            expect(view.snapshots.has(hash)).toBe(true);
        }
  }
});
