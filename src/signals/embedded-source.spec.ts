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
  const pass = async (seconds: number) => {
    for (let second = 0; second < seconds; second++) {
      await source.tick();
      clock.now += 1000;
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
