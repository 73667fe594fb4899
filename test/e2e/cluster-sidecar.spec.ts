import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { join } from "node:path";
import { Registry } from "prom-client";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Deployment, Pod } from "../../src/objects/core.ts";
import { isReady } from "../../src/cluster/controllers/pod-state.ts";
import { systemClock } from "../../src/mesh/identity/clock.ts";
import { SecretService } from "../../src/mesh/identity/secret-service.ts";
import { identityOf } from "../../src/mesh/identity/token-review.ts";
import { typeUrls, type Proxy } from "../../src/mesh/resource.ts";
import { AdsService, deltaMethod } from "../../src/mesh/xds/ads-service.ts";
import { GrpcServer } from "../../src/mesh/xds/grpc-server.ts";
import { XdsMetrics } from "../../src/mesh/xds/xds-metrics.ts";
import { createRoot } from "../../src/trust/root.ts";
import { testCluster, until, workload, writeApp, type TestCluster } from "./cluster-process.ts";
import { httpListener, localCluster, routes } from "./support/envoy-json.ts";
import { FixedCompiler } from "./support/fixed-compiler.ts";

/** Gives each sidecar one inbound listener, on the pod's own address and declared port, to the app's private port. */
class InboundCompiler extends FixedCompiler {
  override addProxy(proxy: Proxy): void {
    for (const [port, privatePort] of Object.entries(proxy.metadata["QUIPU_APP_PORTS"] as Record<string, number>)) {
      const listener = JSON.parse(
        JSON.stringify(httpListener("inbound", Number(port), "inbound", false)).replace("127.0.0.1", proxy.ip),
      ) as never;
      this.set(proxy.name, typeUrls.listener, "inbound", listener)
        .set(proxy.name, typeUrls.cluster, "local", localCluster("local", privatePort))
        .set(proxy.name, typeUrls.routeConfiguration, "inbound", routes("inbound", "local"));
    }
    super.addProxy(proxy);
  }
}

let cluster: TestCluster;
let apps: string;
let mesh: { server: GrpcServer; ads: AdsService } | undefined;

async function startMesh(): Promise<void> {
  const issuer = await (
    await createRoot({ trustDomain: "quipu.local", now: Date.now() })
  ).issueIntermediate("uno", { now: Date.now() });
  const ads = new AdsService({
    compiler: new InboundCompiler(),
    secrets: new SecretService({ issuer, clock: systemClock, onError: console.error }),
    metrics: new XdsMetrics(new Registry()),
    now: Date.now,
    log: {
      info() {},
      warn(fields) {
        console.warn(fields);
      },
    },
    reviewToken: async (token) => {
      const answer = await cluster.raw("POST", "/apis/authentication.k8s.io/v1/tokenreviews", {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenReview",
        spec: { token },
      });
      return identityOf((JSON.parse(answer.text) as { status: never }).status);
    },
    pod: (_namespace, pod) => ({ ip: addresses.get(pod), gateway: false }),
  });
  const server = new GrpcServer({ methods: { [deltaMethod]: ads.method } });
  await server.listen({ path: cluster.config.xdsSocket });
  mesh = { server, ads };
}
/** What the Kubernetes API says of pods' addresses, as a watch would keep it. */
const addresses = new Map<string, string>();

beforeAll(async () => {
  apps = mkdtempSync(join(tmpdir(), "quipu-apps-"));
  cluster = await testCluster();
  await cluster.start();
});
afterAll(async () => {
  mesh?.ads.close();
  await mesh?.server.close(200);
  await cluster.dispose();
  rmSync(apps, { recursive: true, force: true });
});

const podsOf = async (app: string): Promise<Pod[]> => {
  const pods = (await cluster.list<Pod>("Pod", "shop")).filter((pod) => pod.metadata.labels?.["app"] === app);
  for (const pod of pods) if (pod.status?.podIP !== undefined) addresses.set(pod.metadata.name, pod.status.podIP);
  return pods;
};
const get = (host: string, port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    request({ host, port, agent: false }, (response) => {
      let text = "";
      response
        .on("data", (chunk) => {
          text += chunk;
        })
        .on("end", () => resolve(text));
    })
      .on("error", reject)
      .end();
  });

test("a pod is ready only once its sidecar has its configuration; then the pod's address serves the app", async () => {
  const [namespace, ...rest] = workload("web", writeApp(join(apps, "web")), { replicas: 1 });
  await cluster.apply({ ...namespace, metadata: { name: "shop", labels: { "istio-injection": "enabled" } } }, ...rest);
  const waiting = await until("waiting for the mesh", async () =>
    (await podsOf("web")).find((pod) =>
      pod.status?.conditions?.some(
        (condition) => condition.type === "Ready" && condition.message?.includes("sidecar waits for its configuration"),
      ),
    ),
  );
  expect(waiting.spec?.containers.map((container) => container.name)).toEqual(["web", "istio-proxy"]);
  await startMesh();
  const pod = await until("ready", async () => (await podsOf("web")).find(isReady));
  expect(pod.metadata.name).toBe(waiting.metadata.name);
  const answer = JSON.parse(await get(pod.status?.podIP ?? "", 8080)) as { text: string; env: Record<string, string> };
  expect(answer.text).toBe("hello");
  const proxy = `http://${pod.status?.podIP}:15001`;
  expect(answer.env).toMatchObject({
    HTTP_PROXY: proxy,
    http_proxy: proxy,
    HTTPS_PROXY: proxy,
    NO_PROXY: "",
    NODE_USE_ENV_PROXY: "1",
  });
  const folder = join(cluster.config.home, "pods", pod.metadata.uid ?? "");
  expect(statSync(join(folder, "envoy.json")).mode & 0o777).toBe(0o600);
  expect(readFileSync(join(folder, "envoy.json"), "utf8")).toContain("Bearer ");
});

test("its statistics and admin interface are reached through the Kubernetes API", async () => {
  const [pod] = await podsOf("web");
  const statistics = await cluster.raw(
    "GET",
    `/api/v1/namespaces/shop/pods/${pod?.metadata.name}:15090/proxy/stats/prometheus`,
  );
  expect(statistics.status).toBe(200);
  expect(statistics.text).toContain("envoy_");
  expect(
    (await cluster.raw("GET", `/api/v1/namespaces/shop/pods/${pod?.metadata.name}:15000/proxy/server_info`)).text,
  ).toContain('"state": "LIVE"');
  expect((await cluster.raw("GET", `/api/v1/namespaces/shop/pods/${pod?.metadata.name}:http/proxy/`)).text).toContain(
    "hello",
  );
});

test("a killed sidecar makes the pod unready and comes back; the app goes on", async () => {
  const [pod] = await podsOf("web");
  const before = cluster.processes();
  const sidecar = before.find((process) => process.role.startsWith("sidecar/"));
  process.kill(sidecar?.pid ?? 0, "SIGKILL");
  const after = await until("sidecar restarted", async () => {
    const now = await cluster.get<Pod>("Pod", "shop", pod?.metadata.name ?? "");
    return now?.status?.containerStatuses?.find((status) => status.name === "istio-proxy")?.restartCount === 1 &&
      isReady(now)
      ? now
      : undefined;
  });
  expect(after.status?.containerStatuses?.find((status) => status.name === "web")?.restartCount).toBe(0);
  expect(JSON.parse(await get(after.status?.podIP ?? "", 8080))).toMatchObject({ text: "hello" });
});

test("kill -9 of the cluster process: the pair goes on serving and is adopted", async () => {
  const before = cluster
    .processes()
    .map((process) => process.pid)
    .sort();
  const [pod] = await podsOf("web");
  await delay(1100);
  await cluster.kill("SIGKILL");
  expect(JSON.parse(await get(pod?.status?.podIP ?? "", 8080))).toMatchObject({ text: "hello" });
  await cluster.start();
  await until("ready", async () => (await podsOf("web")).filter(isReady).length === 1);
  const since = (one: Pod | undefined): string | undefined =>
    one?.status?.conditions?.find((condition) => condition.type === "Ready")?.lastTransitionTime;
  await delay(1500);
  const [after] = await podsOf("web");
  expect([isReady(after!), since(after)]).toEqual([true, since(pod)]);
  expect(
    cluster
      .processes()
      .map((process) => process.pid)
      .sort(),
  ).toEqual(before);
});

test("a gateway's pod is Envoy alone", async () => {
  const [, , deployment] = workload("gate", apps, {
    pod: { containers: [{ name: "istio-proxy", image: "auto", ports: [{ name: "http", containerPort: 8080 }] }] },
  }) as Deployment[];
  const template = deployment!.spec!.template;
  template.metadata = { ...template.metadata, annotations: { "inject.istio.io/templates": "gateway" } };
  template.spec = {
    containers: [{ name: "istio-proxy", image: "auto", ports: [{ name: "http", containerPort: 8080 }] }],
  };
  await cluster.apply(deployment!);
  const pod = await until("its Envoy runs", async () =>
    (await podsOf("gate")).find((candidate) => candidate.status?.containerStatuses?.[0]?.state?.running !== undefined),
  );
  expect(
    cluster
      .processes()
      .filter((process) => process.role.endsWith(pod.metadata.uid ?? "?"))
      .map((process) => process.role.split("/")[0]),
  ).toEqual(["sidecar"]);
  await cluster.remove("Deployment", "shop", "gate");
  await until("gone", async () => (await podsOf("gate")).length === 0);
});

test("deleting ends the app first and the sidecar after it, and leaves nothing behind", async () => {
  const [pod] = await podsOf("web");
  await cluster.remove("Deployment", "shop", "web");
  await until("gone", async () => (await podsOf("web")).length === 0);
  expect(cluster.processes()).toEqual([]);
  expect(
    statSync(join(cluster.config.home, "pods", pod?.metadata.uid ?? ""), { throwIfNoEntry: false }),
  ).toBeUndefined();
});
