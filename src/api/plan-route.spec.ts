import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ApiGround, appText, imageOf, pausing, startApi } from "./api-ground.ts";

describe("the plan of a release, through the HTTP API", () => {
  let api: ApiGround;
  let before: number;
  beforeEach(async () => {
    api = await startApi();
    await api.put("a", "  traffic: { timeout: 1s }");
    await api.deploy("a", imageOf("a", 1));
    before = await api.revision();
  });
  afterEach(async () => {
    // Whatever was planned, or refused: nothing was written.
    const after = await api.revision();
    await api.stop();
    if (after !== before) throw new Error(`the store went from revision ${before} to ${after}`);
  });

  const plan = (body?: unknown, { app = "a", token = "admin" } = {}) =>
    api.call("POST", `/api/v1/apps/${app}/plan`, { token, ...(body !== undefined && { body }) });
  const clustersOf = (body: any) => body.waves.flatMap((wave: { clusters: unknown[] }) => wave.clusters);

  it("tells the steps, pods and objects of each cluster, for an image", async () => {
    const { status, body } = await plan({ image: imageOf("a", 2) });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      app: "a",
      number: 2,
      parts: ["workload"],
      revision: "r2",
      image: imageOf("a", 2),
      kept: [],
      waves: [{ name: "wave 1", maxConcurrent: 2 }],
      total: { person: false },
    });
    const clusters = clustersOf(body);
    expect(clusters.map((each: { cluster: string }) => each.cluster)).toEqual(["bogota", "lima"]);
    expect(clusters[0].steps.map((step: { do: string }) => step.do)).toEqual([
      "create",
      "subset",
      "weight",
      "scale",
      "weight",
      "settle",
      "remove",
    ]);
    expect(clusters[0].steps[0]).toMatchObject({ do: "create", pods: expect.any(Number) as number });
    const objects = clusters[0].objects as { kind: string; name: string; change: string }[];
    expect(objects.map(({ kind, name, change }) => `${change} ${kind} ${name}`)).toEqual(
      expect.arrayContaining(["create Deployment a-r2", "delete Deployment a-r1", "change VirtualService a"]),
    );
  });

  it("tells what a document would change, without its being applied", async () => {
    const document = appText("a", "  traffic: { timeout: 2s }", { rollout: pausing });
    const { status, body } = await plan({ document });
    expect(status).toBe(200);
    expect(body).toMatchObject({ parts: ["traffic"], revision: "r1", image: imageOf("a", 1) });
    expect(clustersOf(body)[1]).toMatchObject({ cluster: "lima", steps: [{ do: "traffic" }, { do: "settle" }] });
    expect(clustersOf(body)[1].objects).toContainEqual({
      kind: "VirtualService",
      namespace: "money",
      name: "a",
      change: "change",
      fields: expect.arrayContaining([{ path: "spec.http[0].timeout", from: "1s", to: "2s" }]) as unknown[],
    });
    const both = await plan({ document, image: imageOf("a", 2) });
    expect(both.body).toMatchObject({ parts: ["workload", "traffic"], revision: "r2", total: { person: true } });
  });

  it("of what is in force already is empty", async () => {
    for (const body of [
      undefined,
      {},
      { image: imageOf("a", 1) },
      { document: appText("a", "  traffic: { timeout: 1s }") },
    ]) {
      const answer = await plan(body);
      expect(answer).toMatchObject({ status: 200, body: { parts: [], revision: "r1" } });
      expect(clustersOf(answer.body).flatMap((each: { objects: unknown[] }) => each.objects)).toEqual([]);
    }
  });

  it("is told of an app that was never applied, by its document", async () => {
    const document = appText("new");
    const { status, body } = await plan({ document, image: imageOf("new", 1) }, { app: "new" });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      app: "new",
      number: 1,
      revision: "r1",
      parts: expect.arrayContaining(["workload"]) as string[],
    });
    expect(clustersOf(body)[0].objects).toContainEqual(
      expect.objectContaining({ kind: "Deployment", name: "new-r1", change: "create" }),
    );
    expect((await plan({ document }, { app: "new" })).body).toMatchObject({ image: null });
    expect(await plan({}, { app: "new" })).toMatchObject({
      status: 404,
      body: {
        code: "not-found",
        found: "new",
        subject: "App/new",
        accepted: "an App that was applied, or its document",
      },
    });
    expect((await api.get("/api/v1/apps/new")).status).toBe(404);
  });

  it("refuses what a deploy would refuse: two images, one without a tag, an artifact that isn't here", async () => {
    const digest = `sha256:${"1".repeat(64)}`;
    for (const [body, problem] of [
      [
        { image: imageOf("a", 2), artifact: digest },
        { code: "conflicting-fields", field: "artifact", found: digest },
      ],
      [{ image: "registry.example/a" }, { code: "no-image", field: "image", found: "registry.example/a" }],
      [{ artifact: digest }, { code: "unknown-reference", field: "artifact", found: digest }],
    ] as const) {
      const deploy = await api.call("POST", "/api/v1/apps/a/deploys?dryRun=true", { body });
      expect(deploy.body).toMatchObject(problem);
      expect(await plan(body)).toMatchObject({ status: deploy.status, body: problem });
    }
  });

  it("refuses what an apply would refuse: another segment", async () => {
    expect(await plan({ document: appText("a", "", { segment: "food" }) })).toMatchObject({
      status: 422,
      body: { code: "immutable-field", field: "spec.segment", found: "food", accepted: "money" },
    });
  });

  it("says what is wrong with a document, with its place in the document", async () => {
    const wrong = await plan({
      document: appText("a", "  traffic: { timeuot: 3s }\n  calls: [{ app: b, timeout: 3 }]"),
    });
    expect(wrong).toMatchObject({
      status: 422,
      body: {
        problems: expect.arrayContaining([
          expect.objectContaining({ code: "unknown-field", field: "spec.traffic.timeuot", line: 9 }),
          expect.objectContaining({ field: "spec.calls[0].timeout", found: 3 }),
        ]) as unknown[],
      },
    });
    expect(await plan({ document: "kind: [" })).toMatchObject({ status: 400, body: { code: "broken-yaml" } });
    expect(await plan({ document: appText("b") })).toMatchObject({
      status: 400,
      body: { code: "bad-request", field: "document", found: "App/b", accepted: "App/a" },
    });
    expect(await plan({ imgae: imageOf("a", 2) })).toMatchObject({
      status: 400,
      body: { code: "unknown-field", field: "imgae", accepted: "image" },
    });
    expect(await plan({ artifact: "sha256:12" })).toMatchObject({ status: 400, body: { field: "artifact" } });
  });

  it("is told of an archive that was uploaded", async () => {
    const { digest } = (await api.call("POST", "/api/v1/artifacts?app=a", { body: Buffer.from("a tar") })).body;
    before = await api.revision();
    expect(await plan({ artifact: digest })).toMatchObject({
      status: 200,
      body: { parts: ["workload"], image: `quipu.local/a@${digest}` },
    });
  });

  it("may be read by everybody who may read", async () => {
    for (const token of ["view", "other"]) expect((await plan({ image: imageOf("a", 2) }, { token })).status).toBe(200);
    expect(await plan({}, { token: "cluster" })).toMatchObject({ status: 403, body: { code: "forbidden" } });
  });
});
