import { describe, expect, it } from "vitest";
import { IstiodForbids, type IstiodAccess } from "./access.ts";
import { recorded } from "./recorded.ts";
import { Replica } from "./replica.ts";

/** An istiod whose process changes when it is told to. */
class FakeIstiod implements IstiodAccess {
  started = 1;
  asked: string[] = [];
  answers: Record<string, { status: number; body: string }> = {};
  /** Called before each answer. */
  before: (path: string) => void = () => undefined;

  replicas(): Promise<string[]> {
    return Promise.resolve(["istiod-1"]);
  }
  get(_replica: string, path: string): Promise<{ status: number; body: string }> {
    this.before(path);
    this.asked.push(path);
    const usual: Record<string, string> = {
      "/metrics": `process_start_time_seconds ${this.started}\n`,
      "/debug/syncz": recorded("syncz"),
      "/debug/sidecarz?proxyID=shop-1.money-": recorded("sidecarz"),
    };
    return Promise.resolve(this.answers[path] ?? { status: 200, body: usual[path] ?? "" });
  }
}

describe("one istiod", () => {
  const make = () => {
    const istiod = new FakeIstiod();
    const clock = { ms: 0 };
    const replica = new Replica("istiod-1", { access: istiod, now: () => clock.ms, revision: () => 7 });
    return { istiod, clock, replica };
  };

  it("a round is of one process: after a restart in its midst it is asked again", async () => {
    const { istiod, replica } = make();
    let restarts = 1;
    istiod.before = (path) => {
      if (path === "/debug/syncz" && restarts-- > 0) istiod.started = 2;
    };
    expect((await replica.round(0)).started).toBe(2);
    expect(istiod.asked).toEqual(["/metrics", "/debug/syncz", "/metrics", "/debug/syncz", "/metrics"]);
  });

  it("whoever asks meanwhile, or soon after, gets the same round; who needs a newer one gets it", async () => {
    const { istiod, clock, replica } = make();
    istiod.before = () => (clock.ms += 10);
    const [one, two] = await Promise.all([replica.round(0), replica.round(0)]);
    expect(two).toBe(one);
    expect(await replica.lateRound()).toBe(one);
    clock.ms = 1000;
    const [late, later] = await Promise.all([replica.lateRound(), (clock.ms++, replica.lateRound())]);
    expect(later).toBe(late);
    expect(late).not.toBe(one);
  });

  it("one that took long is asked again only after ten times as long", async () => {
    const { istiod, clock, replica } = make();
    istiod.before = () => (clock.ms += 10);
    const one = await replica.lateRound();
    // It took 30 ms: a tenth of the time, at most, is asking.
    clock.ms = 299;
    expect(await replica.lateRound()).toBe(one);
    clock.ms = 300;
    expect(await replica.lateRound()).not.toBe(one);
    clock.ms += 5;
    expect((await replica.round(clock.ms)).at).toBe(clock.ms - 20);
  });

  it("a round that failed isn't kept", async () => {
    const { istiod, replica } = make();
    istiod.answers["/debug/syncz"] = { status: 500, body: "oh" };
    await expect(replica.round(0)).rejects.toThrow("istiod-1 answers 500 to /debug/syncz (oh)");
    istiod.answers = {};
    expect((await replica.lateRound()).proxies).toHaveLength(2);
  });

  it("what is forbidden is told apart from what fails", async () => {
    const { istiod, replica } = make();
    for (const status of [401, 403, 404]) {
      istiod.answers["/metrics"] = { status, body: "" };
      await expect(replica.round(0)).rejects.toThrow(IstiodForbids);
    }
    istiod.answers["/metrics"] = { status: 200, body: "<html>" };
    await expect(replica.round(0)).rejects.not.toThrow(IstiodForbids);
  });

  it("a proxy that isn't connected there has no scope", async () => {
    const { istiod, replica } = make();
    expect((await replica.scope("shop-1.money"))?.push).toBe(7);
    istiod.answers["/debug/sidecarz?proxyID=shop-1.money-"] = {
      status: 404,
      body: "Proxy not connected to this Pilot instance. It may be connected to another instance.\n",
    };
    expect(await replica.scope("shop-1.money")).toBeUndefined();
    istiod.answers["/debug/sidecarz?proxyID=shop-1.money-"] = { status: 404, body: "404 page not found" };
    await expect(replica.scope("shop-1.money")).rejects.toThrow(IstiodForbids);
  });

  it("knows objects in versions", async () => {
    const { istiod, replica } = make();
    const object = { kind: "Sidecar", metadata: { namespace: "money", name: "shop", resourceVersion: "12" } };
    istiod.answers["/debug/configz"] = { status: 200, body: JSON.stringify([object]) };
    expect([...(await replica.known())]).toEqual([["Sidecar/money/shop", "12"]]);
  });
});
