import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ApiGround, imageOf, pausing, startApi } from "./api-ground.ts";

describe("undo and retry, through the HTTP API", () => {
  let api: ApiGround;
  let trouble: (image: string) => string | undefined;
  beforeEach(async () => {
    trouble = () => undefined;
    api = await startApi({ trouble: (_, __, image) => trouble(image) });
  });
  afterEach(() => api.stop());

  /** Asks, and waits for the release that comes of it. */
  const ask = async (verb: "undo" | "retry", body?: unknown, { token = "admin", query = "" } = {}) => {
    const answer = await api.call("POST", `/api/v1/apps/a/${verb}${query}`, {
      token,
      ...(body !== undefined && { body }),
    });
    await api.engine.idle();
    return answer;
  };
  const release = async (number: number) => (await api.get(`/api/v1/apps/a/releases/${number}`)).body;
  /** What is in force: `image` and the timeout of a request. */
  const inForce = async () => ({
    image: (await api.get("/api/v1/apps/a")).body.status.image,
    timeoutMs: (await api.get("/api/v1/apps/a/rules")).body.clusters[0].traffic.timeoutMs,
  });
  const timeout = (value: string) => `  traffic: { timeout: ${value} }`;
  /** Releases 1 (image 1, 1 s), 2 (image 2), 3 (2 s), all of which finished. */
  async function three(): Promise<void> {
    await api.put("a", timeout("1s"));
    await api.deploy("a", imageOf("a", 1));
    await api.deploy("a", imageOf("a", 2));
    await api.put("a", timeout("2s"));
    await api.engine.idle();
  }

  /** A release of an image that is given up: what it brought counts as rejected. */
  async function abortedDeploy(image: string, number: number): Promise<void> {
    trouble = (of) => (of === image ? "still starting" : undefined);
    await api.call("POST", "/api/v1/apps/a/deploys", { body: { image } });
    await expect.poll(async () => (await release(number)).waits[0]?.reason).toContain("still starting");
    await api.call("POST", `/api/v1/apps/a/releases/${number}/abort`);
    await api.engine.idle();
    expect(await release(number)).toMatchObject({ phase: "failed" });
    trouble = () => undefined;
  }

  it("brings back what was in force before, as a new release with its reason", async () => {
    await three();
    expect(await ask("undo", undefined, { token: "dev", query: "?why=too%20slow" })).toMatchObject({
      status: 202,
      body: {
        outcome: "created",
        releases: ["a-r4"],
        spec: { cause: { kind: "undo", by: "dana", release: 2, message: "too slow" }, parts: ["traffic"] },
      },
    });
    expect(await release(4)).toMatchObject({
      phase: "finished",
      cause: { kind: "undo", release: 2, message: "too slow" },
    });
    expect(await inForce()).toEqual({ image: imageOf("a", 2), timeoutMs: 1000 });
    expect((await api.get("/api/v1/audit")).body.items.at(-1)).toMatchObject({
      who: "dana",
      what: "undo",
      subject: "App/a",
      why: "too slow",
    });
  });

  it("leaves away what was undone before when another part is undone, though the App still declares it", async () => {
    await three();
    await ask("undo", { only: ["traffic"] });
    expect(await inForce()).toEqual({ image: imageOf("a", 2), timeoutMs: 1000 });
    const answer = await ask("undo", { only: ["workload"], to: 1 });
    expect(answer).toMatchObject({ status: 202, body: { spec: { parts: ["workload"] } } });
    expect(JSON.stringify(answer.body.warnings)).toContain("keeps the traffic that is in force");
    expect(await inForce()).toEqual({ image: imageOf("a", 1), timeoutMs: 1000 });
  });

  it("reads a body as it is, and refuses one that nobody reads", async () => {
    await three();
    const refused = async (verb: "undo" | "retry", body: unknown) => (await ask(verb, body)).body;
    expect(await refused("undo", { only: ["workload", "soup"] })).toMatchObject({
      code: "not-one-of",
      field: "only[1]",
      found: "soup",
      accepted: "workload, traffic, edges",
    });
    expect(await refused("undo", { to: "1" })).toMatchObject({ code: "wrong-type", field: "to" });
    expect(await refused("undo", [])).toMatchObject({ code: "wrong-type" });
    const lost = await api.call("POST", "/api/v1/apps/a/releases/3/abort", { body: { why: "slow" } });
    expect(lost).toMatchObject({
      status: 400,
      body: { field: "body", accepted: expect.stringContaining("?why=") as string },
    });
    expect((await api.get("/api/v1/apps/a/releases")).body.items ?? []).not.toContainEqual(
      expect.objectContaining({ number: 4 }),
    );
  });

  it("takes only the parts and the release that it is told", async () => {
    await three();
    expect(await ask("undo", { only: ["workload"], to: 1 })).toMatchObject({
      status: 202,
      body: { releases: ["a-r4"], spec: { cause: { kind: "undo", release: 1 }, parts: ["workload"] } },
    });
    expect(await inForce()).toEqual({ image: imageOf("a", 1), timeoutMs: 2000 });
    expect(await ask("undo", "{ only: [traffic], to: 2 }")).toMatchObject({ body: { releases: ["a-r5"] } });
    expect(await inForce()).toEqual({ image: imageOf("a", 1), timeoutMs: 1000 });
  });

  it("keeps what was undone from coming back with the next release, until it is edited or retried", async () => {
    await three();
    await ask("undo");
    expect((await api.put("a", timeout("2s"))).body).toMatchObject({
      releases: [],
      warnings: expect.arrayContaining([
        expect.objectContaining({ code: "keeps-good-part", accepted: "an edit of it, or: quipu retry a" }),
      ]) as unknown[],
    });
    expect(await inForce()).toMatchObject({ timeoutMs: 1000 });
    expect(await ask("retry")).toMatchObject({ status: 202, body: { releases: ["a-r5"] } });
    expect(await inForce()).toMatchObject({ timeoutMs: 2000 });
    await ask("undo");
    expect((await api.put("a", timeout("3s"))).body).toMatchObject({ releases: ["a-r7"] });
  });

  it("is tried with dryRun: the answer is the same, nothing is written", async () => {
    await three();
    const revision = await api.revision();
    expect(await ask("undo", { to: 1 }, { query: "?dryRun=true" })).toMatchObject({
      status: 202,
      body: { outcome: "created", releases: ["a-r4"], spec: { parts: ["workload", "traffic"] } },
    });
    expect(await api.revision()).toBe(revision);
    expect(await api.get("/api/v1/apps/a/releases/4")).toMatchObject({ status: 404 });
  });

  it("doesn't go back to what isn't there, or is in force already", async () => {
    await api.put("a", timeout("1s"));
    expect(await ask("undo")).toMatchObject({
      status: 409,
      body: { code: "nothing-to-undo", accepted: "nothing yet", subject: "App/a" },
    });
    await api.deploy("a", imageOf("a", 1));
    expect(await ask("undo")).toMatchObject({ status: 409, body: { code: "nothing-to-undo", accepted: "1" } });
    await abortedDeploy(imageOf("a", 2), 2);
    await api.deploy("a", imageOf("a", 3));
    const revision = await api.revision();
    for (const to of [2, 9])
      expect(await ask("undo", { to })).toMatchObject({
        status: 409,
        body: { code: "nothing-to-undo", field: "to", found: to, accepted: "3, 1" },
      });
    expect(await ask("undo", { to: 3 })).toMatchObject({
      status: 409,
      body: { code: "nothing-to-undo", field: "only", found: "workload, traffic, edges" },
    });
    expect(await ask("undo", { only: ["traffic", "edges"] })).toMatchObject({
      status: 409,
      body: {
        code: "nothing-to-undo",
        field: "only",
        found: "traffic, edges",
        accepted: "a part that differs; what another document changed is changed back there",
      },
    });
    expect(await api.revision()).toBe(revision);
  });

  it("says what is wrong with a request", async () => {
    await three();
    const revision = await api.revision();
    for (const [body, problem] of [
      [{ onyl: ["traffic"] }, { code: "unknown-field", field: "onyl", accepted: "only" }],
      [{ only: ["scale"] }, { field: "only[0]", found: "scale" }],
      [{ only: [] }, { field: "only", found: 0 }],
      [{ to: 0 }, { code: "out-of-range", field: "to", found: 0 }],
      [{ to: "before" }, { field: "to", found: "before" }],
      ["{ to: [", { code: "broken-yaml", line: 1 }],
    ] as const)
      expect(await ask("undo", body)).toMatchObject({ status: 400, body: problem });
    expect(await ask("undo", {}, { query: "?dry=true" })).toMatchObject({ status: 400, body: { field: "dry" } });
    expect(await api.call("POST", "/api/v1/apps/ghost/undo")).toMatchObject({
      status: 404,
      body: { code: "not-found", subject: "App/ghost" },
    });
    expect(await api.revision()).toBe(revision);
  });

  it("waits for what is under way", async () => {
    await api.put("a", "", {}, { rollout: pausing });
    await api.deploy("a", imageOf("a", 1));
    await api.call("POST", "/api/v1/apps/a/deploys", { body: { image: imageOf("a", 2) } });
    await expect.poll(async () => (await release(2)).waits[0]?.kind).toBe("person");
    await api.call("POST", "/api/v1/apps/a/releases/2/promote");
    await api.engine.idle();
    await api.call("POST", "/api/v1/apps/a/deploys", { body: { image: imageOf("a", 3) } });
    expect((await release(2)).again).toMatchObject({ undo: "release 3 is under way" });
    expect(await api.call("POST", "/api/v1/apps/a/undo")).toMatchObject({
      status: 409,
      body: { code: "not-now", accepted: "quipu abort a first, or wait for its end", subject: "App/a" },
    });
  });

  it("is for developers of the app's team", async () => {
    await three();
    const revision = await api.revision();
    for (const verb of ["undo", "retry"] as const)
      for (const token of ["view", "other"])
        expect(await ask(verb, undefined, { token })).toMatchObject({
          status: 403,
          body: { code: "forbidden", accepted: "developer of payments, operator, admin" },
        });
    expect(await api.revision()).toBe(revision);
  });

  it("tries again what was taken back, which a deploy of the same doesn't", async () => {
    await api.put("a", timeout("1s"));
    await api.deploy("a", imageOf("a", 1));
    await abortedDeploy(imageOf("a", 2), 2);
    expect((await release(2)).again).toMatchObject({ retry: null });
    expect(await api.deploy("a", imageOf("a", 2))).toMatchObject({ status: 409, body: { code: "was-rejected" } });
    expect(await ask("retry", undefined, { token: "dev", query: "?why=disk" })).toMatchObject({
      status: 202,
      body: {
        outcome: "created",
        releases: ["a-r3"],
        spec: { cause: { kind: "retry", by: "dana", message: "disk" }, parts: ["workload"] },
      },
    });
    expect(await release(3)).toMatchObject({ phase: "finished" });
    expect(await inForce()).toEqual({ image: imageOf("a", 2), timeoutMs: 1000 });
  });

  it("retries nothing where nothing was taken back: no release, and the answer says so", async () => {
    await three();
    expect((await release(3)).again).toMatchObject({ retry: "nothing of it was taken back" });
    expect(await ask("retry")).toMatchObject({
      status: 200,
      body: { kind: "App", outcome: "unchanged", releases: [] },
    });
    expect((await api.get("/api/v1/releases?app=a")).body.total).toBe(3);
    expect(await api.call("POST", "/api/v1/apps/ghost/retry")).toMatchObject({
      status: 404,
      body: { code: "not-found", subject: "App/ghost" },
    });
  });
});
