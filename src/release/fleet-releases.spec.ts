import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { acceptWithdrawal } from "./accept.ts";
import { failedLately, runningReleases, type FleetFilter } from "./fleet-releases.ts";
import { appOf, ReleaseGround } from "./release-ground.ts";
import { putStatus } from "./release-status.ts";
import { markersOf } from "./release-markers.ts";

const image = "registry.example/x:1";
const minute = 60_000;
const hour = 60 * minute;

describe("releases over the fleet", () => {
  let ground: ReleaseGround;
  let clock: number;
  beforeEach(async () => {
    clock = 1_000_000_000;
    ground = await ReleaseGround.start(() => clock);
  });
  afterEach(() => ground.stop());

  const running = (filter: FleetFilter = {}) =>
    ground.store.read(async (tx) => {
      const entries = await runningReleases(tx, ground.store, filter, clock);
      return Promise.all(entries.map(async ({ key, person, summary }) => ({ key, person, ...(await summary()) })));
    });
  const keys = async (filter?: FleetFilter) => (await running(filter)).map(({ key }) => key);
  const failed = (filter: FleetFilter = {}) =>
    ground.store.read(async (tx) =>
      Promise.all((await failedLately(tx, filter, clock)).map(({ summary }) => summary())),
    );
  const markers = (of: Parameters<typeof markersOf>[1] = {}) => ground.store.read((tx) => markersOf(tx, of, clock));
  const end = (app: string, outcome: string) =>
    ground.store.write(async (tx) => {
      await tx.appendJournal(app, 1, "end", { outcome });
      await putStatus(tx, app, 1, { phase: outcome, step: null, finishedAt: tx.now });
    });

  it("those under way stand by app and number, as people count", async () => {
    for (const name of ["app-10", "app-9", "b"]) await ground.accept(appOf(name), image);
    await ground.accept(appOf("app-9", { traffic: { timeout: "1s" } }));
    expect(await keys()).toEqual(["app-9/1", "app-9/2", "app-10/1", "b/1"]);
    await end("b", "finished");
    expect(await keys({ q: "APP-1" })).toEqual(["app-10/1"]);
    expect(await keys({ q: "b" })).toEqual([]);
  });

  it("one waits for a person when a wait says so, or when it is paused", async () => {
    for (const name of ["a", "b", "c"]) await ground.accept(appOf(name), image);
    const person = { cell: "lima", kind: "person", reason: "a pause", until: clock, then: "it goes on" } as const;
    await ground.store.write(async (tx) => {
      await putStatus(tx, "a", 1, { phase: "progressing", step: "wave", waits: [{ ...person, kind: "pods" }, person] });
      await putStatus(tx, "b", 1, { phase: "paused", step: null });
    });
    expect((await running()).map((each) => [each.key, each.person])).toEqual([
      ["a/1", true],
      ["b/1", true],
      ["c/1", false],
    ]);
  });

  it("the withdrawal of a deleted app is still its team's", async () => {
    // On the wall's clock: something has to come into force.
    await ground.stop();
    ground = await ReleaseGround.start();
    await ground.engine.start();
    await ground.release(appOf("a"), image);
    await ground.store.write(async (tx) => {
      await tx.delete("App", "a");
      await acceptWithdrawal(tx, appOf("a"), { kind: "delete", by: "ana" });
    });
    expect(await running({ team: "payments", segment: "money" })).toMatchObject([
      { key: "a/2", team: "payments", segment: "money", cause: { kind: "delete" } },
    ]);
    expect(await keys({ team: "search" })).toEqual([]);
  });

  it("those that failed stand newest first, for a day", async () => {
    for (const name of ["a", "b", "c"]) {
      await ground.accept(appOf(name, name === "b" ? { team: "search" } : {}), image);
      await end(name, name === "c" ? "superseded" : "failed");
      clock += hour;
    }
    expect((await failed()).map(({ app, phase, team }) => [app, phase, team])).toEqual([
      ["b", "failed", "search"],
      ["a", "failed", "payments"],
    ]);
    expect((await failed({ team: "payments" })).map(({ app }) => app)).toEqual(["a"]);
    clock += 21 * hour + 1;
    expect((await failed()).map(({ app }) => app)).toEqual(["b"]);
    clock += hour;
    expect(await failed()).toEqual([]);
  });

  it("markers stay for ten minutes after the end, and as long as a release is under way", async () => {
    const bogota = { placement: { clusters: { matchLabels: { name: "bogota" } } } };
    const begun = clock;
    await ground.accept(appOf("a"), image);
    clock += minute;
    await ground.accept(appOf("b", bogota), image);
    clock += minute;
    await end("b", "failed");
    expect(await markers()).toEqual([
      { app: "a", number: 1, phase: "waiting", at: begun },
      { app: "b", number: 1, phase: "failed", at: begun + minute, endedAt: begun + 2 * minute },
    ]);
    expect((await markers({ cluster: "lima" })).map(({ app }) => app)).toEqual(["a"]);
    expect((await markers({ apps: new Set(["b"]) })).map(({ app }) => app)).toEqual(["b"]);
    clock += 10 * minute;
    expect(await markers()).toHaveLength(2);
    clock += 1;
    expect((await markers()).map(({ app }) => app)).toEqual(["a"]);
  });
});
