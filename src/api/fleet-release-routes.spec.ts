import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ApiGround, appText, imageOf, pausing, startApi } from "./api-ground.ts";

const minute = 60_000;
const hour = 60 * minute;

describe("releases of the whole fleet, through the HTTP API", () => {
  let api: ApiGround;
  let later: number;
  let trouble: (app: string) => string | undefined;
  beforeEach(async () => {
    [later, trouble] = [0, () => undefined];
    api = await startApi({ trouble: (app) => trouble(app), now: () => Date.now() + later });
  });
  afterEach(() => api.stop());

  const fleet = async (query = "", token = "admin") => api.get(`/api/v1/fleet/releases${query}`, { token });
  const keys = (items: { app: string; number: number }[]) => items.map(({ app, number }) => `${app}/${number}`);
  const running = async (query = "") => keys((await fleet(query)).body.items);
  const view = async (app: string, number: number) => (await api.get(`/api/v1/apps/${app}/releases/${number}`)).body;
  const markers = async (query = "") => keys((await api.get(`/api/v1/fleet/markers${query}`)).body.items);

  /** A first release that waits for its pods. */
  async function starting(name: string, { team = "payments", segment = "money", spec = "" } = {}): Promise<void> {
    trouble = (app) => (app.startsWith("good") ? undefined : "still starting");
    await api.call("PUT", `/api/v1/apps/${name}`, { body: appText(name, spec, { team, segment }) });
    await api.call("POST", `/api/v1/apps/${name}/deploys`, { body: { image: imageOf(name, 1) } });
    await expect.poll(async () => (await view(name, 1)).waits[0]?.reason).toContain("still starting");
  }
  async function abort(name: string, number = 1): Promise<void> {
    await api.call("POST", `/api/v1/apps/${name}/releases/${number}/abort`);
    await expect.poll(async () => (await view(name, number)).phase).toBe("failed");
  }
  /** A second release that waits for a person. */
  async function held(name: string): Promise<void> {
    await api.put(name, "", {}, { rollout: pausing });
    await api.deploy(name, imageOf(name, 1));
    await api.call("POST", `/api/v1/apps/${name}/deploys`, { body: { image: imageOf(name, 2) } });
    await expect.poll(async () => (await view(name, 2)).waits[0]?.kind).toBe("person");
  }

  it("are listed while they are under way, by app, a page at a time", async () => {
    expect((await fleet()).body).toMatchObject({
      items: [],
      total: 0,
      counts: { running: 0, person: 0, failed: 0 },
    });
    for (const name of ["app-10", "app-2", "app-1"]) await starting(name);
    const first = await fleet("?limit=2");
    expect(first).toMatchObject({
      status: 200,
      body: { total: 3, counts: { running: 3, person: 0, failed: 0 }, continue: "app-2/1" },
    });
    expect(keys(first.body.items)).toEqual(["app-1/1", "app-2/1"]);
    expect(first.body.items[0]).toMatchObject({
      team: "payments",
      segment: "money",
      phase: "progressing",
      parts: expect.arrayContaining(["workload"]) as string[],
      revision: "r1",
      from: null,
      cause: { kind: "deploy", by: "admin" },
      waves: [{ name: "wave 1", state: "running", clusters: 2, done: 0, takenBack: 0 }],
      weight: { least: 0, most: 0 },
      wait: { kind: "pods", reason: expect.stringContaining("still starting") as string },
    });
    const second = (await fleet(`?limit=2&continue=${first.body.continue}`)).body;
    expect(keys(second.items)).toEqual(["app-10/1"]);
    expect(second).not.toHaveProperty("continue");
  });

  it("are filtered by team, segment and part of the app's name; counts too", async () => {
    await starting("cart", { team: "shop", segment: "one" });
    await starting("orders", { team: "payments", segment: "one" });
    await starting("order-mail", { team: "payments", segment: "two" });
    expect(await running()).toEqual(["cart/1", "order-mail/1", "orders/1"]);
    expect(await running("?team=payments")).toEqual(["order-mail/1", "orders/1"]);
    expect(await running("?segment=one")).toEqual(["cart/1", "orders/1"]);
    expect(await running("?team=payments&segment=one")).toEqual(["orders/1"]);
    expect(await running("?q=ORDER")).toEqual(["order-mail/1", "orders/1"]);
    expect((await fleet("?q=mail")).body.counts).toEqual({ running: 1, person: 0, failed: 0 });
    expect(await running("?q=nothing")).toEqual([]);
  });

  it("are apart by what they need: running, waiting for a person, taken back within a day", async () => {
    await held("good");
    await starting("slow");
    await starting("wrong");
    await abort("wrong");
    const counts = { running: 2, person: 1, failed: 1 };
    expect((await fleet()).body.counts).toEqual(counts);
    expect(await running("?state=running")).toEqual(["good/2", "slow/1"]);
    const person = (await fleet("?state=person")).body;
    expect(person).toMatchObject({
      total: 1,
      counts,
      items: [
        { app: "good", number: 2, from: "r1", weight: { least: 50, most: 50 }, wait: { kind: "person" }, moreWaits: 1 },
      ],
    });
    const failed = (await fleet("?state=failed")).body;
    expect(failed).toMatchObject({
      total: 1,
      items: [{ app: "wrong", number: 1, phase: "failed", code: "aborted", team: "payments", wait: null }],
    });
    await api.call("POST", "/api/v1/apps/slow/releases/1/pause?why=lunch");
    expect((await fleet("?state=person&q=slow")).body.items).toMatchObject([
      { wait: { kind: "person", reason: "paused by admin: lunch" } },
    ]);
    later = 25 * hour;
    expect((await fleet("?state=failed")).body).toMatchObject({ items: [], counts: { failed: 0 } });
  });

  it("are marked on charts for ten minutes after their end, by app with its neighbours, or by cluster", async () => {
    await api.put("good-a", "  calls: [{ app: good-b }]");
    await api.put("good-b");
    await api.put("good-c", "  placement: { clusters: { matchLabels: { market: pe } } }");
    for (const name of ["good-a", "good-b", "good-c"]) await api.deploy(name, imageOf(name, 1));
    expect(await markers()).toEqual(["good-a/1", "good-b/1", "good-c/1"]);
    expect(await markers("?app=good-a")).toEqual(["good-a/1", "good-b/1"]);
    expect(await markers("?app=good-b")).toEqual(["good-a/1", "good-b/1"]);
    expect(await markers("?app=good-c")).toEqual(["good-c/1"]);
    expect(await markers("?app=ghost")).toEqual([]);
    expect(await markers("?cluster=bogota")).toEqual(["good-a/1", "good-b/1"]);
    expect(await markers("?cluster=lima&app=good-c")).toEqual(["good-c/1"]);
    await starting("slow");
    later = 11 * minute;
    const { items } = (await api.get("/api/v1/fleet/markers")).body;
    expect(keys(items)).toEqual(["slow/1"]);
    expect(items[0]).not.toHaveProperty("endedAt");
  });

  it("may be read by whoever may read; what the query can't say is refused", async () => {
    for (const path of ["/api/v1/fleet/releases", "/api/v1/fleet/markers"]) {
      expect((await api.get(path, { token: "view" })).status).toBe(200);
      expect(await api.get(path, { token: "cluster" })).toMatchObject({ status: 403, body: { code: "forbidden" } });
      expect((await api.get(path, { token: null })).status).toBe(401);
      expect(await api.get(`${path}?tem=x`)).toMatchObject({
        status: 400,
        body: { code: "unknown-field", field: "tem" },
      });
    }
    expect(await fleet("?limit=0")).toMatchObject({ status: 400, body: { code: "out-of-range", field: "limit" } });
    expect(await fleet("?limit=201")).toMatchObject({ status: 400, body: { field: "limit" } });
    expect(await fleet("?state=done")).toMatchObject({ status: 400, body: { field: "state", found: "done" } });
  });
});
