import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ApiGround, imageOf, pausing, startApi } from "./api-ground.ts";

const commands = ["promote", "pause", "resume", "abort"] as const;

describe("a release, through the HTTP API", () => {
  let api: ApiGround;
  let trouble: (image: string) => string | undefined;
  beforeEach(async () => {
    trouble = () => undefined;
    api = await startApi({ trouble: (_, __, image) => trouble(image) });
  });
  afterEach(() => api.stop());

  const path = (number: number | string, app = "a") => `/api/v1/apps/${app}/releases/${number}`;
  const view = async (number: number) => (await api.get(path(number))).body;
  const tell = (command: string, number: number | string = 2, token = "admin", query = "") =>
    api.call("POST", `${path(number)}/${command}${query}`, { token });
  /** An app whose first release is in force; its second begins and isn't waited for. */
  async function underWay(): Promise<void> {
    await api.put("a", "", {}, { rollout: pausing });
    await api.deploy("a", imageOf("a", 1));
    await api.call("POST", "/api/v1/apps/a/deploys", { body: { image: imageOf("a", 2) } });
  }
  /** Its second waits at half of the requests until somebody says something. */
  async function held(): Promise<void> {
    await underWay();
    await expect
      .poll(async () => (await view(2)).waits.map((wait: { kind: string }) => wait.kind))
      .toEqual(["person", "person"]);
  }

  it("is shown on its way: waves, clusters, steps, revisions, and what it can be told", async () => {
    await held();
    expect(await view(2)).toMatchObject({
      app: "a",
      number: 2,
      phase: "progressing",
      parts: ["workload"],
      cause: { kind: "deploy", by: "admin" },
      image: imageOf("a", 2),
      revision: "r2",
      from: "r1",
      commands: { promote: null, pause: null, resume: "it isn't paused", abort: null },
      again: { undo: expect.stringContaining("abort it") as string },
    });
    const [wave, ...more] = (await view(2)).waves;
    expect(more).toEqual([]);
    expect(wave).toMatchObject({ state: "running", clusters: [{ cluster: "bogota" }, { cluster: "lima" }] });
    expect(wave.clusters[0].revisions).toMatchObject([
      { revision: "r1", role: "good", weight: 50, ready: 2 },
      { revision: "r2", role: "new", weight: 50, ready: 2 },
    ]);
    expect(wave.clusters[0].steps.find((step: { do: string }) => step.do === "weight")).toMatchObject({
      label: "50 %",
      state: "done",
      receipt: expect.stringContaining("1 of 1 proxies") as string,
    });
    expect(await view(1)).toMatchObject({
      phase: "finished",
      waits: [],
      commands: Object.fromEntries(commands.map((command) => [command, "it has ended: finished"])),
    });
  });

  it("goes on when it is promoted, and can be told nothing once it has ended", async () => {
    await held();
    expect(await tell("promote")).toMatchObject({ status: 200, body: { number: 2 } });
    await api.engine.idle();
    expect(await view(2)).toMatchObject({ phase: "finished" });
    expect((await api.get("/api/v1/apps/a")).body.status).toMatchObject({ revision: "r2" });
    for (const command of commands)
      expect(await tell(command)).toMatchObject({
        status: 409,
        body: {
          code: "not-now",
          found: command,
          accepted: "nothing any more",
          subject: "Release/a-r2",
          detail: `Release 2 of a can't be told to ${command}: it has ended: finished.`,
        },
      });
  });

  it("isn't promoted while it waits for pods", async () => {
    trouble = (image) => (image === imageOf("a", 2) ? "still starting" : undefined);
    await underWay();
    await expect.poll(async () => (await view(2)).waits[0]?.reason).toContain("still starting");
    expect(await tell("promote")).toMatchObject({
      status: 409,
      body: {
        code: "not-now",
        found: "promote",
        accepted: "pause, abort",
        detail: expect.stringContaining("it waits for clusters, pods or proxies") as string,
      },
    });
  });

  it("is paused and resumed, once each; who and why is told", async () => {
    await held();
    expect(await tell("resume")).toMatchObject({
      status: 409,
      body: { code: "not-now", found: "resume", accepted: "promote, pause, abort" },
    });
    const paused = await tell("pause", 2, "dev", "?why=lunch%20first");
    expect(paused).toMatchObject({
      status: 200,
      body: { phase: "paused", paused: { kind: "pause", by: "dana", why: "lunch first" } },
    });
    expect(paused.body.events.at(-1)).toMatchObject({ cluster: "", text: "pause by dana: lunch first" });
    expect(await tell("pause")).toMatchObject({
      status: 409,
      body: { found: "pause", accepted: "promote, resume, abort", detail: expect.stringContaining("dana") as string },
    });
    const resumed = await tell("resume");
    expect(resumed).toMatchObject({ status: 200, body: { phase: "progressing" } });
    expect(resumed.body).not.toHaveProperty("paused");
    expect((await tell("resume")).status).toBe(409);
    const journal = await api.store.read((tx) => tx.journal("a", 2));
    expect(journal.filter(({ action }) => action === "command").map(({ body }) => body)).toMatchObject([
      { kind: "pause", by: "dana", why: "lunch first" },
      { kind: "resume", by: "admin" },
    ]);
    const [newest, before] = (await api.get("/api/v1/audit")).body.items.toReversed();
    expect([newest, before].map(({ who, what, subject, why }) => ({ who, what, subject, why }))).toEqual([
      { who: "admin", what: "resume", subject: "Release/a-r2" },
      { who: "dana", what: "pause", subject: "Release/a-r2", why: "lunch first" },
    ]);
  });

  it("goes back when it is given up; what ran goes on", async () => {
    await held();
    expect(await tell("abort", 2, "dev", "?why=wrong%20image")).toMatchObject({ status: 200 });
    await api.engine.idle();
    expect(await view(2)).toMatchObject({
      phase: "failed",
      code: "aborted",
      reason: expect.stringContaining("wrong image") as string,
      waves: [{ state: "taken back", clusters: [{ state: "taken back" }, { state: "taken back" }] }],
    });
    expect((await api.get("/api/v1/apps/a")).body.status).toMatchObject({ revision: "r1", image: imageOf("a", 1) });
    expect((await tell("abort")).body).toMatchObject({ code: "not-now", accepted: "nothing any more" });
  });

  it("is only tried with dryRun: allowed or not is told, nothing is written", async () => {
    await held();
    const revision = await api.revision();
    expect(await tell("abort", 2, "admin", "?dryRun=true")).toMatchObject({
      status: 200,
      body: { phase: "progressing", commands: { abort: null } },
    });
    expect((await tell("resume", 2, "admin", "?dryRun=true")).status).toBe(409);
    expect(await api.revision()).toBe(revision);
  });

  it("is steered by developers of its team, not by viewers nor by other teams; all may look", async () => {
    await held();
    const revision = await api.revision();
    for (const token of ["view", "other"]) {
      expect((await api.get(path(2), { token })).status).toBe(200);
      for (const command of commands)
        expect(await tell(command, 2, token)).toMatchObject({
          status: 403,
          body: { code: "forbidden", accepted: "developer of payments, operator, admin", subject: "App/a" },
        });
    }
    expect(await api.get(path(2), { token: "cluster" })).toMatchObject({ status: 403 });
    expect(await tell("pause", 2, "nobody")).toMatchObject({ status: 401 });
    expect(await api.revision()).toBe(revision);
    expect((await tell("promote", 2, "dev")).status).toBe(200);
  });

  it("is told by app and number: what isn't there, or isn't a number, is refused by name", async () => {
    await held();
    const revision = await api.revision();
    const missing = { status: 404, body: { code: "not-found", found: 9, subject: "Release/a-r9" } };
    expect(await api.get(path(9))).toMatchObject(missing);
    expect((await api.get(path(9))).body).toMatchObject({ field: "number", accepted: "1 to 2" });
    expect(await api.get(path(1, "ghost"))).toMatchObject({ status: 404, body: { subject: "Release/ghost-r1" } });
    for (const command of commands) {
      expect(await tell(command, 9)).toMatchObject(missing);
      expect(await api.call("POST", `${path(1, "ghost")}/${command}`)).toMatchObject({
        status: 404,
        body: { code: "not-found", found: "ghost", subject: "App/ghost", accepted: "an App that was applied" },
      });
    }
    for (const number of ["x", "0", "-1", "1.5", "02", "2e0", "0x2", "newest"]) {
      const refused = {
        status: 400,
        body: { code: "bad-format", field: "number", found: number, accepted: "a release's number" },
      };
      expect(await api.get(path(number))).toMatchObject(refused);
      expect(await tell("abort", number)).toMatchObject(refused);
    }
    expect(await tell("pause", 2, "admin", "?wy=lunch")).toMatchObject({
      status: 400,
      body: { code: "unknown-field", field: "wy", accepted: "why" },
    });
    expect(await api.get(`${path(2)}?full=true`)).toMatchObject({ status: 400, body: { field: "full" } });
    expect(await api.revision()).toBe(revision);
  });
});
