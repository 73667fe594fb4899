/** What istiod's pages are believed for rests on an order of messages that a real Envoy keeps. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { envoyPath } from "../../setup/paths.mjs";
import { KubeClient } from "../../src/kube/kube-client.ts";
import { eventually } from "../harness/eventually.ts";
import { startTestbed, type Testbed } from "../testbed/testbed.ts";
import { AdsRelay, clustersOnly, ended } from "./support/ads-relay.ts";
import { MeshGround } from "./support/mesh-ground.ts";

let testbed: Testbed;
let kube: KubeClient;
let relay: AdsRelay;
let envoy: ChildProcess;
const scratch = mkdtempSync(join(tmpdir(), "quipu-order-"));
beforeAll(async () => {
  // Without certificates: nobody here serves them.
  const meshConfig = { rootNamespace: "istio-system", trustDomain: "quipu.local", enableAutoMtls: false };
  testbed = await startTestbed({ meshConfig });
  kube = new KubeClient(testbed.clusters[0]!.connection);
  relay = await AdsRelay.to(testbed.clusters[0]!.istiods[0]!.grpc);
});
afterAll(async () => {
  envoy?.kill("SIGKILL");
  if (envoy !== undefined) await ended(envoy);
  relay?.close();
  await kube?.close();
  await testbed?.stop();
  rmSync(scratch, { recursive: true });
});

const clusters = "type.googleapis.com/envoy.config.cluster.v3.Cluster";
const endpoints = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment";

test("an Envoy asks for the endpoints of a new cluster before it acknowledges the cluster", async () => {
  const ground = await MeshGround.create(kube, "order");
  await ground.scope("shop", "orders");
  const { metadata, status } = await ground.pod("shop-1", "shop");
  const id = `sidecar~${status.podIP}~${metadata.name}.order~order.svc.cluster.local`;
  const node = { NAMESPACE: "order", CLUSTER_ID: "Kubernetes", ISTIO_VERSION: "1.32.0", LABELS: metadata.labels };
  const file = join(scratch, "bootstrap.json");
  writeFileSync(file, JSON.stringify(clustersOnly(relay.port, id, node)));
  envoy = spawn(envoyPath(), ["-c", file, "--use-dynamic-base-id", "--concurrency", "1", "-l", "warning"], {
    stdio: "ignore",
  });
  const sent = (name: string) =>
    relay.messages.findIndex(
      (message) => message.from === "istiod" && message.resources.some((resource) => resource.name === name),
    );
  const first = "outbound|80|r1|orders.order.svc.cluster.local";
  await eventually(() => expect(sent(first)).toBeGreaterThanOrEqual(0));

  const second = "outbound|80|r2|orders.order.svc.cluster.local";
  await ground.rules("r1", "r2");
  for (const name of [first, second]) {
    const acknowledged = () => {
      const response = relay.messages[sent(name)];
      const nonce = response?.from === "istiod" && response.type === clusters ? response.nonce : undefined;
      return relay.messages.findIndex((message) => message.from === "envoy" && message.nonce === nonce);
    };
    await eventually(() => expect(acknowledged()).toBeGreaterThan(0));
    const asked = relay.messages.findIndex(
      (message) => message.from === "envoy" && message.typeUrl === endpoints && message.subscribe.includes(name),
    );
    expect(asked).toBeGreaterThan(sent(name));
    expect(asked).toBeLessThan(acknowledged());
  }
});
