import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { command } from "./commands.ts";
import { appOf, ReleaseGround } from "./release-ground.ts";
import { acceptTrain, endedInTrain, turnOf } from "./train.ts";
import { readTrains } from "./train-journal.ts";
import { worldInForce } from "./world.ts";

const image = "registry.example/x:1";
/** A default that becomes part of each workload: a revision, whose pods must be ready. */
const slower = { workload: { terminationGracePeriod: "20s" } };

describe("a train: one edit, a release for each app that it changes", () => {
  let ground: ReleaseGround;
  beforeEach(async () => {
    ground = await ReleaseGround.start();
    await ground.engine.start();
  });
  afterEach(() => ground.stop());

  /** Apps in force, each with its release 1. */
  async function apps(...names: string[]): Promise<void> {
    for (const name of names) await ground.accept(appOf(name), image);
    for (const name of names) ground.engine.kick(name);
    await ground.engine.idle();
  }
  const turn = (position: number, id = 1) => ground.store.read((tx) => turnOf(tx, { id, position }, undefined));
  const turns = async (count: number) =>
    (await Promise.all(Array.from({ length: count }, (_, position) => turn(position)))).map(({ kind }) => kind);
  /** Ends a release of the train as the engine would; apps that are told of it. */
  const ended = (app: string, outcome = "finished", reason?: string) =>
    ground.store.write(async (tx) => {
      await tx.appendJournal(app, 2, "end", { outcome });
      return endedInTrain(tx, app, 2, 1, outcome, reason);
    });
  const kick = (names: readonly string[]) => {
    for (const name of names) ground.engine.kick(name);
  };
  const phases = async (...names: string[]) =>
    Promise.all(names.map(async (name) => (await ground.statusOf(name, 2)).phase));

  it("goes one first, then up to four at a time, and tells only those whose turn may have come", async () => {
    const names = ["a", "b", "c", "d", "e", "f"];
    await apps(...names);
    expect(await ground.edit("p", slower)).toEqual(names);
    expect(await turns(6)).toEqual(["begin", "wait", "wait", "wait", "wait", "wait"]);
    expect(await turn(4)).toMatchObject({
      reason: "the change of Policy p goes on to others when a has finished, then 4 at a time; this is number 5 of 6",
    });
    const told = await turn(5);
    expect(await ended("a")).toEqual(["b", "c", "d", "e"]);
    expect(await turns(6)).toEqual(["begin", "begin", "begin", "begin", "begin", "wait"]);
    // In the same words for as long as it waits.
    expect(await turn(5)).toEqual(told);
    expect(await ended("d")).toEqual(["b", "c", "e", "f"]);
    expect((await turn(5)).kind).toBe("begin");
    for (const name of ["b", "c", "e"]) await ended(name);
    expect((await ground.store.read(readTrains))[0]).not.toHaveProperty("finished");
    // Nothing of it came into force here, so that all have to follow.
    expect(await ended("f")).toEqual(names);
    expect(await ground.store.read(readTrains)).toMatchObject([{ id: 1, finished: true }, { id: 2 }]);
  });

  it("stops for all others when one fails, with the reason", async () => {
    await apps("a", "b", "c");
    await ground.edit("p", slower);
    expect(await ended("a", "failed", "pods crash")).toEqual(["a", "b", "c"]);
    expect(await turn(2)).toEqual({
      kind: "end",
      outcome: "stopped",
      reason: "the change of Policy p was stopped: release 2 of a failed: pods crash",
    });
    // What others say afterwards changes nothing.
    expect(await ended("b", "stopped")).toEqual([]);
    expect(await ground.store.read(readTrains)).toMatchObject([{ stopped: "release 2 of a failed: pods crash" }]);
  });

  it("a release of it gives way to a newer one of its app", async () => {
    expect(await ground.store.read((tx) => turnOf(tx, { id: 1, position: 3 }, 7))).toEqual({
      kind: "end",
      outcome: "superseded",
      reason: "release 7 is newer",
    });
  });

  it("is about those that it changes; one that it would break keeps what it has, and is told", async () => {
    await apps("a", "b");
    await ground.release(appOf("c", { workload: { drain: "1ms", terminationGracePeriod: "20s" } }), image);
    await ground.release(appOf("b", { rollout: { analysis: { interval: "5m" } } }));
    const before = { ...slower, rollout: { progressDeadline: "1m" } };
    const policy = { apiVersion: "quipu.dev/v1", kind: "Policy", metadata: { name: "p" }, spec: { defaults: before } };
    const { apps: released, problems } = await ground.store.write(async (tx) => {
      await tx.put(policy);
      return acceptTrain(tx, { kind: "policy", by: "ana" }, { kind: "Policy", name: "p", before: null });
    });
    expect(released).toEqual(["a"]);
    expect(problems).toMatchObject([{ code: "conflicting-fields", field: "spec.rollout.analysis.interval" }]);
    const none = await ground.store.write((tx) =>
      acceptTrain(tx, { kind: "policy", by: "ana" }, { kind: "Policy", name: "other", before: null }),
    );
    expect(none).toMatchObject({ apps: [] });
    expect(await ground.store.read(readTrains)).toHaveLength(1);
  });

  it("says to each release that waits what it waits for once, however many others end", async () => {
    const names = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
    await apps(...names);
    kick(await ground.edit("p", { traffic: { timeout: "5s" } }));
    await ground.engine.idle();
    expect(await phases(...names)).toEqual(names.map(() => "finished"));
    const { journals, waiting } = await ground.store.read(async (tx) => ({
      journals: await Promise.all(names.map((name) => tx.journal(name, 2))),
      waiting: await Promise.all(
        names.map(async (name) =>
          (await tx.history("Release", `${name}-r2`, 100)).filter(
            ({ body }) => (body as { status: { phase: string } }).status.phase === "waiting",
          ),
        ),
      ),
    }));
    // Accepted, and told to wait; the first of a train never waits.
    expect(waiting.map((writes) => writes.length)).toEqual([1, 2, 2, 2, 2, 2, 2, 2, 2]);
    const spans = journals.map((journal) => ({
      begin: journal.find(({ action }) => action === "begin")!.revision,
      end: journal.find(({ action }) => action === "end")!.revision,
    }));
    const atOnce = spans.map(({ begin }) => spans.filter((each) => each.begin <= begin && each.end > begin).length);
    expect(atOnce[0]).toBe(1);
    expect(spans.slice(1).every(({ begin }) => begin > spans[0]!.end)).toBe(true);
    expect(Math.max(...atOnce)).toBe(4);
  });

  it("those under way end by themselves when one fails; those that wait never begin", async () => {
    await apps("a", "b", "c", "d", "e", "f");
    ground.trouble((name, revision) => (name !== "a" && revision === "r2" ? "still starting" : undefined));
    kick(await ground.edit("p", slower));
    for (const name of ["b", "c", "d", "e"])
      await expect.poll(async () => (await ground.statusOf(name, 2)).reason).toContain("still starting");
    expect(await phases("a", "f")).toEqual(["finished", "waiting"]);
    await ground.store.write((tx) => command(tx, "c", 2, "abort", { by: "ana" }));
    kick(["c"]);
    await expect.poll(() => phases("c", "f")).toEqual(["failed", "stopped"]);
    expect(await ground.statusOf("f", 2)).toMatchObject({
      reason: expect.stringContaining("the change of Policy p was stopped: release 2 of c failed") as string,
    });
    ground.trouble(() => undefined);
    await ground.engine.idle();
    expect(await phases("a", "b", "c", "d", "e", "f")).toEqual([
      ...["finished", "finished", "failed", "finished", "finished", "stopped"],
    ]);
    // It isn't in force: whatever is released next resolves against what was.
    expect((await ground.store.read((tx) => worldInForce(tx))).policies).toEqual([]);
    expect(await ground.release(appOf("f", { traffic: { timeout: "1s" } }))).toBe(3);
    expect((await ground.store.read((tx) => tx.get("Release", "f-r3")))!.body.spec.parts).toEqual(["traffic"]);
  });

  it("makes apps that were released meanwhile follow, when it has finished", async () => {
    await apps("a", "b");
    ground.trouble((name, revision) => (name === "a" && revision === "r2" ? "still starting" : undefined));
    kick(await ground.edit("p", slower));
    await expect.poll(async () => (await ground.statusOf("a", 2)).reason).toContain("still starting");
    const graceOf = (name: string) => {
      const view = ground.store.inForce();
      const lane = view.lanes.get("lima")?.get(name)?.value;
      const workload = lane?.kind === "home" ? view.snapshots.get(lane.live[lane.good!]!) : undefined;
      return workload?.part === "workload" ? workload.value.terminationGraceMs : undefined;
    };
    // One that is new, and one whose own release of the train still waits.
    await ground.accept(appOf("n"), image);
    await ground.accept(appOf("b", { traffic: { timeout: "1s" } }));
    kick(["n", "b"]);
    await expect
      .poll(() => Promise.all([ground.statusOf("n", 1), ground.statusOf("b", 3)]))
      .toMatchObject([{ phase: "finished" }, { phase: "finished" }]);
    expect(await phases("b")).toEqual(["superseded"]);
    expect([graceOf("n"), graceOf("b")]).toEqual([30_000, 30_000]);
    ground.trouble(() => undefined);
    await ground.engine.idle();
    expect([graceOf("a"), graceOf("b"), graceOf("n")]).toEqual([20_000, 20_000, 20_000]);
    const releases = await ground.store.read((tx) =>
      Promise.all([tx.get("Release", "n-r2"), tx.get("Release", "b-r4")]),
    );
    for (const object of releases)
      expect(object!.body).toMatchObject({ spec: { cause: { kind: "policy" } }, status: { phase: "finished" } });
    expect(await ground.store.read(readTrains)).toMatchObject([
      { id: 1, finished: true },
      {
        id: 2,
        finished: true,
        releases: [
          { app: "b", release: 4 },
          { app: "n", release: 2 },
        ],
      },
    ]);
  });
});
