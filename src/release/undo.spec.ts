import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { App } from "../model/app.ts";
import { againOf } from "./again.ts";
import { command } from "./commands.ts";
import { undoApp } from "./deploys.ts";
import { appOf, ReleaseGround } from "./release-ground.ts";
import { undoable, undoTarget, type Undoable } from "./undo.ts";

const image = (tag: number) => `registry.example/x:${tag}`;
const spec = (seconds: number, min: number): Partial<App["spec"]> => ({
  workload: { drain: "1ms", terminationGracePeriod: `${seconds}s`, replicas: { min } },
  traffic: { timeout: `${seconds}s` },
  calls: [{ app: `callee-${seconds}` }],
});

describe("what an undo goes back to", () => {
  let ground: ReleaseGround;
  beforeEach(async () => {
    ground = await ReleaseGround.start();
    await ground.engine.start();
  });
  afterEach(() => ground.stop());

  const target = async (app: App, only: readonly Undoable[] = undoable, to?: number) =>
    ground.store.read((tx) => undoTarget(tx, app, only, to));
  const again = (number: number) => ground.store.read((tx) => againOf(tx, "a", number));
  /** A release that is given up before it has begun. */
  async function givenUp(app: App, to: string): Promise<number> {
    const number = (await ground.accept(app, to))!;
    await ground.store.write((tx) => command(tx, "a", number, "abort", { by: "ana" }));
    ground.engine.kick("a");
    await ground.engine.idle();
    return number;
  }

  it("is the declared App with the named parts as they were; its scale is today's", async () => {
    await ground.release(appOf("a", spec(1, 1)), image(1));
    const now = appOf("a", { ...spec(2, 3), expose: [{ host: "a.example" }] });
    await ground.release(now, image(2));
    expect(await target(now)).toMatchObject({
      to: 1,
      undone: { number: 2 },
      image: image(1),
      app: { spec: { ...spec(1, 3) } },
    });
    expect((await target(now)).app.spec).not.toHaveProperty("expose");
    expect(await target(now, ["traffic"])).toMatchObject({
      image: image(2),
      app: { spec: { ...now.spec, traffic: { timeout: "1s" } } },
    });
    expect((await target(now, ["edges"])).app.spec).toEqual({
      ...now.spec,
      calls: [{ app: "callee-1" }],
      expose: undefined,
    });
  });

  it("is only ever a release that finished everywhere", async () => {
    await ground.release(appOf("a"), image(1));
    await ground.release(appOf("a"), image(2));
    const lost = await givenUp(appOf("a"), image(3));
    expect(await target(appOf("a"))).toMatchObject({ to: 1, undone: { number: 2 }, image: image(1) });
    await expect(target(appOf("a"), undoable, lost)).rejects.toMatchObject({
      code: "nothing-to-undo",
      field: "to",
      found: lost,
      accepted: "2, 1",
    });
  });

  it("isn't one whose artifact was pruned, unless the workload stays", async () => {
    const artifact = `quipu.local/a@sha256:${"1".repeat(64)}`;
    await ground.release(appOf("a"), artifact);
    const now = appOf("a", { traffic: { timeout: "1s" } });
    await ground.release(now, image(2));
    await expect(target(now)).rejects.toMatchObject({ code: "nothing-to-undo", field: "to", found: 1 });
    expect(await target(now, ["traffic"])).toMatchObject({ to: 1, image: image(2) });
  });

  it("is said beside each release beforehand: what undo and retry would do, or why they can't", async () => {
    expect(await again(1)).toEqual({ undo: "the app was deleted", retry: "the app was deleted" });
    await ground.release(appOf("a"), image(1));
    expect(await again(1)).toMatchObject({ undo: expect.stringContaining("no finished release before") as string });
    await ground.release(appOf("a"), image(2));
    await ground.release(appOf("a"), image(3));
    // Of the one in force: to the one before; of an older one: to itself.
    expect(await again(3)).toEqual({ undoTo: 2, undo: null, retry: "nothing of it was taken back" });
    expect(await again(1)).toMatchObject({ undoTo: 1, undo: null });
    const lost = await givenUp(appOf("a"), image(4));
    expect(await again(lost)).toMatchObject({
      undo: expect.stringContaining("isn't one that finished") as string,
      retry: null,
    });
    await ground.store.write((tx) => undoApp(tx, "a", {}, { by: "ana" }));
    expect(await again(5)).toEqual({
      undo: "it is under way: abort it instead",
      retry: "it is under way: there is nothing to try again",
    });
    expect(await again(1)).toMatchObject({ undo: "release 5 is under way", retry: "release 5 is under way" });
    ground.engine.kick("a");
    await ground.engine.idle();
    expect(await again(3)).toMatchObject({ undo: null, undoTo: 3, retry: null });
  });
});
