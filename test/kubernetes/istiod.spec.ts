/** What istiods say of proxies is held against what those proxies have: they are the test itself. */
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { KubeClient } from "../../src/kube/kube-client.ts";
import { kinds } from "../../src/objects/kinds.ts";
import { istiodAccess } from "../../src/process/istiod-access.ts";
import { IstiodMesh } from "../../src/process/istiod-mesh.ts";
import type { AskMode } from "../../src/release/acknowledge.ts";
import { eventually } from "../harness/eventually.ts";
import { startTestbed, type Testbed } from "../testbed/testbed.ts";
import type { AdsProxy } from "./support/ads-proxy.ts";
import { MeshGround } from "./support/mesh-ground.ts";

let testbed: Testbed;
let kube: KubeClient;
let ground: MeshGround;
let mesh: IstiodMesh;
let number = 0;
beforeAll(async () => {
  testbed = await startTestbed({ istiods: 2 });
  kube = new KubeClient(testbed.clusters[0]!.connection);
});
afterAll(async () => {
  await kube?.close();
  await testbed?.stop();
});
const istiods = () => testbed.clusters[0]!.istiods;
const newMesh = (urls = istiods().map(({ monitoring }) => `http://${monitoring}`)) =>
  new IstiodMesh({
    access: istiodAccess(kube, { urls }),
    link: ground.link,
    inForce: () => ({ revision: ground.revision, rosters: new Map() }),
    waitMs: 3000,
    now: () => performance.now(),
  });

let shop: AdsProxy;
let cart: AdsProxy;
/** A caller at each istiod, and a pod of the callee. */
beforeEach(async () => {
  ground = await MeshGround.create(kube, `money-${++number}`);
  await ground.scope("shop", "orders");
  await ground.scope("cart", "orders");
  await ground.scope("orders");
  const [one, two] = istiods();
  [shop, cart] = await Promise.all([
    ground.pod("shop-1", "shop").then((pod) => ground.proxy(one!.grpc, pod)),
    ground.pod("cart-1", "cart").then((pod) => ground.proxy(two!.grpc, pod)),
    ground.pod("orders-1", "orders").then((pod) => ground.proxy(two!.grpc, pod)),
  ]);
  mesh = newMesh();
});
afterEach(async () => {
  await mesh.close();
  ground.close();
});

const ask = (revision: number, mode: AskMode = "advance") => mesh.ask("orders", revision, mode);
/** Asks until it is done, and then holds the proxies to it. */
async function untilDone(revision: number, check: () => void = () => undefined, mode: AskMode = "advance") {
  const answer = await eventually(async () => {
    const told = await ask(revision, mode);
    if (!told.done) throw new Error(told.evidence);
    return told;
  });
  check();
  return answer;
}
const waited = "acknowledged all that was sent, but that this was among it is unproven: waited 3s since istiod knew it";
const timeouts = (): (number | undefined)[] => [shop, cart].map((proxy) => ground.timeoutOf(proxy));

test("a step is done when every proxy concerned has it in service, and is proven", async () => {
  const all = { done: true, evidence: "2 of 2 proxies, by 2 istiods" };
  const subset = await ground.rules("r1", "r2");
  const has = (proxy: AdsProxy) =>
    proxy.inService.cds.has(`outbound|80|r2|orders.${ground.namespace}.svc.cluster.local`);
  expect(await untilDone(subset, () => expect([shop, cart].map(has)).toEqual([true, true]))).toEqual(all);

  await ground.scope("shop");
  const closed = await ground.scope("cart");
  expect(await untilDone(closed, () => expect(has(cart)).toBe(false))).toEqual({
    done: true,
    evidence: "1 of 1 proxies, by 2 istiods",
  });
});

test("what can't be proven to have been sent is given time, and told so", async () => {
  const policy = await ground.policy("shop");
  expect((await untilDone(policy)).evidence).toBe(
    `0 of 1 proxies, by 2 istiods; orders-1.${ground.namespace} ${waited}`,
  );
  const routes = await ground.routes({ r1: 100 }, 7);
  expect((await untilDone(routes, () => expect(timeouts()).toEqual([7, 7]))).evidence).toContain(waited);
});

test("a proxy that doesn't acknowledge holds the step back", async () => {
  shop.answer = (type) => (type === "rds" ? "hold" : "ack");
  const routes = await ground.routes({ r1: 100 }, 8);
  const until = Date.now() + 6000;
  while (Date.now() < until) {
    expect((await ask(routes)).done).toBe(false);
    await delay(100);
  }
  expect((await ask(routes)).evidence).toContain(`shop-1.${ground.namespace} lacks RouteConfiguration`);
  shop.release();
  await untilDone(routes, () => expect(timeouts()).toEqual([8, 8]));
});

test("a proxy whose endpoints of a new cluster are on their way holds the step back: the cluster isn't in service", async () => {
  cart.answer = (type) => (type === "eds" ? "hold" : "ack");
  const subset = await ground.rules("r1", "r2");
  const until = Date.now() + 4000;
  while (Date.now() < until) {
    expect((await ask(subset)).done).toBe(false);
    await delay(100);
  }
  cart.release();
  await untilDone(subset);
});

test("a proxy that rejects is named, with what it said", async () => {
  cart.answer = (type) => (type === "rds" ? { nack: "no such thing" } : "ack");
  const routes = await ground.routes({ r1: 100 }, 9);
  await eventually(async () =>
    expect(await ask(routes)).toMatchObject({
      done: false,
      rejected: true,
      evidence: expect.stringContaining(
        `by 2 istiods; cart-1.${ground.namespace} rejects RouteConfiguration: no such thing`,
      ) as string,
    }),
  );
});

test("a rejection isn't forgotten when the proxy then takes something else of that type", async () => {
  await ground.routes({ r1: 100 }, 10);
  await eventually(() => expect(timeouts()).toEqual([10, 10]));
  shop.answer = (type) => (type === "rds" ? { nack: "no such thing" } : "ack");
  const routes = await ground.routes({ r1: 100 }, 11);
  await eventually(async () => expect(await ask(routes)).toMatchObject({ rejected: true }));
  shop.answer = () => "ack";
  shop.subscribeRoutes("9999");
  await eventually(async () => {
    const { evidence } = await ask(routes);
    expect(evidence).toContain("has rejected RouteConfiguration since");
  });
  // Istiod itself shows nothing any more.
  const syncz = await (await fetch(`http://${istiods()[0]!.monitoring}/debug/syncz`)).text();
  expect(syncz).not.toContain("no such thing");
  const until = Date.now() + 5000;
  while (Date.now() < until) {
    expect((await ask(routes)).done).toBe(false);
    expect(timeouts()).toEqual([10, 11]);
    await delay(200);
  }
});

test("other apps' changes, one after another, don't keep a step from being proven", async () => {
  const other = await MeshGround.create(kube, `other-${number}`);
  const over = new AbortController();
  const busy = (async () => {
    for (let turn = 1; !over.signal.aborted; turn++) {
      await other.routes({ r1: 100 }, turn);
      await delay(250);
    }
  })();
  try {
    for (const subset of ["r2", "r3", "r4"]) {
      const rules = await ground.rules("r1", subset);
      // Late, when its push isn't the current one any more.
      await delay(900);
      expect((await untilDone(rules)).evidence).toBe("2 of 2 proxies, by 2 istiods");
      for (const { inService } of [shop, cart])
        expect([...inService.cds.keys()].some((name) => name.includes(`|${subset}|`))).toBe(true);
    }
  } finally {
    over.abort();
    await busy;
    other.close();
  }
});

test("it is never said of a proxy that it has what it hasn't, however late it acknowledges", async () => {
  for (let turn = 0; turn < 15; turn++) {
    for (const proxy of [shop, cart]) {
      proxy.answer = () => "hold";
      setTimeout(() => proxy.release(), Math.random() * 800);
    }
    // What the push brings tells it from all before.
    const subset = `r${2 + turn}`;
    const rules = await ground.rules("r1", subset);
    await untilDone(rules, () => {
      for (const { inService } of [shop, cart])
        for (const kind of ["cds", "eds"] as const)
          expect(
            [...inService[kind].keys()].filter((name) => name.includes(`|${subset}|orders.${ground.namespace}.`)),
          ).toHaveLength(1);
    });
  }
});

test("an istiod that doesn't answer leaves everything unknown; after its restart it is asked anew", async () => {
  const [cluster] = testbed.clusters;
  await cluster!.components.get("istiod-1")!.stop("SIGKILL");
  const routes = await ground.rules("r1", "r2");
  const until = Date.now() + 4000;
  while (Date.now() < until) {
    const answer = await ask(routes);
    expect(answer.done).toBe(false);
    await delay(200);
  }
  expect((await ask(routes)).evidence).toContain("doesn't answer");
  await cluster!.components.get("istiod-1")!.start();
  // Before the proxy comes back it is excused; what the other replica has counts for nothing here.
  await eventually(async () => expect((await ask(routes)).evidence).toContain(`excused: shop-1.${ground.namespace}`));
  const again = await kube.get(kinds.Pod, { namespace: ground.namespace, name: "shop-1" });
  shop = await ground.proxy(istiods()[0]!.grpc, again as never);
  await eventually(async () => expect((await ask(routes)).evidence).toMatch(/^2 of 2 proxies, by 2 istiods/));
  const has = ({ inService }: AdsProxy) => [...inService.cds.keys()].some((name) => name.includes("|r2|"));
  expect([shop, cart].map(has)).toEqual([true, true]);
  shop.answer = (type) => (type === "cds" ? "hold" : "ack");
  const later = await ground.rules("r1", "r3");
  await eventually(async () => expect((await ask(later)).evidence).toContain("lacks Cluster"));
  shop.release();
  await untilDone(later);
});

test("to remove, nobody who isn't connected is excused until its pod is gone", async () => {
  await ground.pod("shop-2", "shop");
  const routes = await ground.rules("r1", "r2");
  const advanced = await untilDone(routes);
  expect(advanced.evidence).toBe(`2 of 2 proxies, by 2 istiods; not connected and excused: shop-2.${ground.namespace}`);
  const until = Date.now() + 3000;
  while (Date.now() < until) {
    const answer = await ask(routes, "remove");
    expect(answer.done).toBe(false);
    await delay(200);
  }
  expect((await ask(routes, "remove")).evidence).toContain(`perhaps still in use: shop-2.${ground.namespace}`);
  await kube.delete(kinds.Pod, { namespace: ground.namespace, name: "shop-2" }, { gracePeriodSeconds: 0 });
  await untilDone(routes, () => undefined, "remove");
});

test("where debug pages are forbidden, each step waits, and says why", async () => {
  await mesh.close();
  // This port has no metrics.
  mesh = newMesh(istiods().map(({ http }) => `http://${http}`));
  const routes = await ground.routes({ r1: 100 }, 70);
  const answer = await untilDone(routes);
  expect(answer.evidence).toMatch(/^unproven \(.* answers 404 to \/metrics \(404 page not found\)\): waited 3s$/);
});
