import { expect, test } from "vitest";
import { EmbeddedSource } from "./embedded-source.ts";
import type { ProxyTarget } from "./proxy.ts";

const target = (app: string, pod = `${app}-1`, cluster = "bogota"): ProxyTarget => ({
  cluster,
  namespace: "food",
  pod,
  app,
  revision: "r1",
  gateway: false,
});
const text = (count: number, callee?: string) =>
  `envoy_http_downstream_rq_xx{envoy_response_code_class="2",envoy_http_conn_manager_prefix="inbound_8080"} ${count}\n${callee === undefined ? "" : `envoy_cluster_upstream_rq{envoy_response_code="200",envoy_cluster_name="outbound|80||${callee}.food.svc.cluster.local"} ${count}\n`}`;

function world(targets: ProxyTarget[], page: (target: ProxyTarget, at: number) => string) {
  const clock = { now: 1_000_000 };
  const scraped: string[] = [];
  const failures: unknown[] = [];
  const source = new EmbeddedSource({
    targets: async () => targets,
    now: () => clock.now,
    failed: (_, error) => failures.push(error),
    scrape: async (one) => {
      scraped.push(one.app);
      return page(one, clock.now);
    },
  });
  /** As often as the timer of `start` would. */
  const pass = async (seconds: number) => {
    for (let quarter = 0; quarter < seconds * 4; quarter++) {
      await source.tick();
      clock.now += 250;
    }
  };
  return { source, scraped, failures, pass, clock };
}

test("what is looked at is asked often, with its callers; the rest seldom", async () => {
  const targets = ["catalog", "search", ...Array.from({ length: 8 }, (_, index) => `other-${index}`)].map((app) =>
    target(app),
  );
  const { source, scraped, pass } = world(targets, ({ app }, at) =>
    text(at / 100, app === "search" ? "catalog" : undefined),
  );
  await pass(40);
  const cold = scraped.length;
  expect(cold).toBeLessThanOrEqual(20);
  expect(new Set(scraped).size).toBe(10);
  scraped.length = 0;
  source.app("catalog");
  await pass(20);
  expect(scraped.filter((app) => app === "catalog")).toHaveLength(4);
  expect(scraped.filter((app) => app === "search")).toHaveLength(4);
  expect(scraped.filter((app) => app.startsWith("other")).length).toBeLessThanOrEqual(8);
  expect(source.app("catalog")).toMatchObject({
    seenBy: "callers",
    total: { rate: expect.closeTo(10) as number },
    callers: [{ app: "search" }],
  });
});

test("what nobody looks at any more is asked seldom again", async () => {
  const { source, scraped, pass } = world([target("catalog")], (_, at) => text(at));
  source.app("catalog");
  await pass(31);
  scraped.length = 0;
  await pass(30);
  expect(scraped.length).toBeLessThanOrEqual(1);
});

test("a proxy that doesn't answer is told, and tried again; one that is gone is forgotten", async () => {
  const targets = [target("catalog"), target("search")];
  const { source, failures, pass } = world(targets, ({ app }, at) => {
    if (app === "search") throw new Error("no route");
    return text(at);
  });
  source.cluster("bogota");
  await pass(12);
  expect(failures).toHaveLength(3);
  expect(source.cluster("bogota").proxies).toEqual({ heard: 1, total: 2 });
  targets.pop();
  await pass(12);
  expect(source.cluster("bogota").proxies).toEqual({ heard: 1, total: 1 });
});

test("what is watched is read twice in every interval, with callers and gateways, until nobody watches", async () => {
  const targets = [target("catalog"), target("search"), target("other"), { ...target("gw"), gateway: true }];
  const { source, scraped, pass } = world(targets, ({ app }, at) =>
    text(at / 100, app === "search" ? "catalog" : undefined),
  );
  await pass(31);
  const releases = [source.watch("catalog", 10_000), source.watch("catalog", 60_000)];
  const times = async (seconds: number) => {
    scraped.length = 0;
    await pass(seconds);
    return Object.fromEntries(
      ["catalog", "search", "gw", "other"].map((app) => [app, scraped.filter((one) => one === app).length]),
    );
  };
  expect(await times(20)).toEqual({
    catalog: 8,
    search: 8,
    gw: 8,
    other: expect.toSatisfy((count) => count <= 1) as number,
  });
  const fast = source.watch("catalog", 2_000);
  expect((await times(20)).catalog).toBe(20);
  fast();
  releases[0]!();
  expect((await times(20)).catalog).toBe(8);
  releases[1]!();
  expect((await times(30)).catalog).toBeLessThanOrEqual(1);
});

test("with 300 apps watched none is left out, and the rest is still read", async () => {
  const targets = Array.from({ length: 420 }, (_, index) => target(`app-${index}`));
  const { source, scraped, clock } = world(targets, (_, at) => {
    // A page takes 10 ms of the one machine.
    clock.now += 10;
    return text(at / 100);
  });
  for (let index = 0; index < 300; index++) source.watch(`app-${index}`, 10_000);
  const end = clock.now + 60_000;
  while (clock.now < end) {
    await source.tick();
    clock.now += 250;
  }
  const times = targets.map(({ app }) => scraped.filter((one) => one === app).length);
  expect(Math.min(...times.slice(0, 300))).toBeGreaterThanOrEqual(10);
  expect(Math.max(...times.slice(0, 300)) - Math.min(...times.slice(0, 300))).toBeLessThanOrEqual(2);
  expect(Math.min(...times.slice(300))).toBeGreaterThanOrEqual(1);
});

test("evidence: of what is there and of what is gone, as far back as it reaches", async () => {
  const targets = [target("catalog"), target("search"), target("ads")];
  const { source, pass, clock } = world(targets, ({ app }, at) =>
    text(at / 100, app === "catalog" ? undefined : "catalog"),
  );
  source.watch("catalog", 10_000);
  const began = clock.now;
  await pass(60);
  targets.pop();
  await pass(61);
  const query = {
    app: "catalog",
    cluster: "bogota",
    kind: "traffic" as const,
    revision: null,
    baseline: null,
    from: began + 10_000,
    to: clock.now,
    intervalMs: 10_000,
  };
  const looks = source.evidence(query);
  expect(looks.map(({ subject, heard, total }) => [Math.round(subject.requests), heard, total])).toEqual([
    ...Array.from({ length: 4 }, () => [200, 3, 3]),
    [expect.toSatisfy((count) => count > 100 && count < 200), 3, 3],
    ...Array.from({ length: 6 }, () => [100, 2, 2]),
  ]);
  // Sixty looks fit into ten minutes; the last one has just ended and waits for its readings.
  expect(source.evidence({ ...query, from: clock.now - 3_600_000 })).toHaveLength(59);
});

test("proxies that hang don't keep the others waiting", async () => {
  const targets = Array.from({ length: 12 }, (_, index) => target("catalog", `catalog-${index}`));
  const clock = { now: 0 };
  const scraped: string[] = [];
  const waiting: (() => void)[] = [];
  const source = new EmbeddedSource({
    targets: async () => targets,
    now: () => clock.now,
    scrape: (one) => {
      scraped.push(one.pod);
      if (Number(one.pod.slice(8)) < 9)
        return new Promise((_, reject) => waiting.push(() => reject(new Error("time-out"))));
      return Promise.resolve(text(clock.now));
    },
  });
  source.watch("catalog", 10_000);
  // The first round finds out who hangs.
  const first = source.tick();
  for (let index = 0; index < 9; index++) {
    await new Promise((done) => setImmediate(done));
    waiting.splice(0).forEach((end) => end());
  }
  await first;
  scraped.length = 0;
  for (let round = 0; round < 4; round++) {
    clock.now += 2_500;
    await source.tick();
  }
  expect(scraped.filter((pod) => pod === "catalog-11")).toHaveLength(4);
  expect(scraped.filter((pod) => Number(pod.slice(8)) < 9)).toHaveLength(1);
  waiting.splice(0).forEach((end) => end());
});
