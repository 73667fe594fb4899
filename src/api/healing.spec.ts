import { afterEach, beforeEach, expect, it } from "vitest";
import { type ApiGround, imageOf, startApi } from "./api-ground.ts";

let api: ApiGround;
const now = Date.parse("2026-11-23T01:00:00Z");
const until = "2026-11-23T02:00:00Z";
beforeEach(async () => {
  let time = now;
  api = await startApi({ now: () => ++time });
});
afterEach(() => api.stop());

const put = (spec: object, labels: object = { market: "pe" }) =>
  api.call("PUT", "/api/v1/clusters/lima", {
    body: {
      apiVersion: "quipu.dev/v1",
      kind: "Cluster",
      metadata: { name: "lima", labels },
      spec: { region: "pe", ...spec },
    },
  });

it("a pause of healing is declared with its end, shown while it lasts, and sets off no release", async () => {
  await api.call("PUT", "/api/v1/teams/payments", {
    body: { apiVersion: "quipu.dev/v1", kind: "Team", metadata: { name: "payments" }, spec: {} },
  });
  await api.call("PUT", "/api/v1/segments/money", {
    body: { apiVersion: "quipu.dev/v1", kind: "Segment", metadata: { name: "money" }, spec: {} },
  });
  await api.put("a");
  await api.deploy("a", imageOf("a", 1));
  const before = await api.store.read((tx) => tx.lastRelease("a"));
  const { body, status } = await put({ healing: { paused: [{ until, apps: ["a"], why: "routes by hand" }] } });
  expect(status).toBe(200);
  expect(body).toMatchObject({ warnings: [], releases: [] });
  expect(await api.store.read((tx) => tx.lastRelease("a"))).toBe(before);
  const conditions = async () => (await api.get("/api/v1/clusters/lima")).body.status.conditions as object[];
  expect(await conditions()).toContainEqual({
    ...{ type: "Healing", status: "False", reason: "Paused" },
    message: "healing of a is paused until 2026-11-23T02:00:00Z: routes by hand",
  });
  // Whatever else is edited with it counts as ever.
  await put({}, { market: "elsewhere" });
  expect(await conditions()).toHaveLength(1);
});

it("a pause without an end, or with one that no calendar has, is refused; one without effect is told", async () => {
  const refused = async (paused: object) => (await put({ healing: { paused: [paused] } })).body;
  expect(await refused({})).toMatchObject({ code: "missing-field", field: "spec.healing.paused[0].until" });
  expect(await refused({ until: "tomorrow" })).toMatchObject({
    code: "bad-format",
    accepted: expect.stringContaining("a time with its zone") as string,
  });
  expect(await refused({ until: "2026-13-40T00:00:00Z" })).toMatchObject({ code: "bad-format" });
  expect(await refused({ until, apps: [] })).toMatchObject({ field: "spec.healing.paused[0].apps" });
  const { body } = await put({ healing: { paused: [{ until: "2026-11-23T00:59:00Z", apps: ["typo"] }] } });
  expect(body.warnings).toMatchObject([
    { code: "pause-without-effect", field: "spec.healing.paused[0].until" },
    { code: "pause-without-effect", field: "spec.healing.paused[0].apps[0]", found: "typo" },
  ]);
  expect(body.status.conditions).toHaveLength(1);
});

it("what drifted, and what isn't well, is told with the cluster, its app and the metrics; the stream of events tells when it changes", async () => {
  const drift = {
    object: "Service money/a",
    app: "a",
    fields: [],
    managers: ["kubectl"],
    at: now,
    deleted: true as const,
  };
  const sick = { object: "HorizontalPodAutoscaler money/a", app: "a", problem: "FailedGetScale", at: now };
  const unhealthy = { count: 2, objects: [sick, { object: "Namespace money", problem: "is being deleted", at: now }] };
  const seen = { cluster: "lima", applied: 3, ready: {}, at: now, drift: [drift], drifting: 1, unhealthy };
  await api.store.putSeen(seen);
  expect((await api.get("/api/v1/clusters/lima")).body.status).toMatchObject({ drifting: 1, unhealthy: 2 });
  await api.put("a");
  const { body } = await api.get("/api/v1/apps/a/status");
  expect(body.drift).toEqual([{ cluster: "lima", ...drift }]);
  expect(body.unhealthy).toEqual([{ cluster: "lima", ...sick }]);
  const { text } = await api.get("/metrics");
  expect(text).toContain('quipu_cluster_drifting_objects{cluster="lima"} 1');
  expect(text).toContain('quipu_cluster_unhealthy_objects{cluster="lima"} 2');
});
