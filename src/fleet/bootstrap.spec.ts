import { expect, test } from "vitest";
import { startTestServer, testToken } from "../cluster/api/testing-server.ts";
import { KubeClient } from "../kube/kube-client.ts";
import type { Deployment, Service } from "../objects/core.ts";
import { kinds } from "../objects/kinds.ts";
import { matchesSelector } from "../objects/meta.ts";
import { eventually } from "../../test/harness/eventually.ts";
import { baseline } from "./bootstrap.ts";
import { ClusterWorker } from "./cluster-worker.ts";
import { DesiredObjects, keyText, objectKey, withBaseline } from "./desired.ts";
import { memoryLedger } from "./ledger.ts";

test("each object once, the gateway's pods are what its Service and Deployment select", () => {
  const objects = baseline({ gatewayReplicas: 2, network: "lima" });
  const keys = objects.map(objectKey);
  expect(new Set(keys).size).toBe(keys.length);
  expect(keys.map(keyText).toSorted()).toEqual([
    "AuthorizationPolicy quipu-system/allow-nothing",
    "Deployment istio-system/istio-ingressgateway",
    "Namespace istio-system",
    "Namespace quipu-system",
    "PeerAuthentication istio-system/default",
    "PodDisruptionBudget istio-system/istio-ingressgateway",
    "Service istio-system/istio-ingressgateway",
    "Service quipu-system/ratelimit",
    "ServiceAccount istio-system/istio-ingressgateway",
    "Sidecar istio-system/default",
  ]);
  const find = <T>(kind: string, name: string) =>
    objects.find((object) => object.kind === kind && object.metadata.name === name) as T;
  const { template, selector } = find<Deployment>("Deployment", "istio-ingressgateway").spec!;
  expect(matchesSelector(selector, template.metadata?.labels)).toBe(true);
  const service = find<Service>("Service", "istio-ingressgateway");
  expect(matchesSelector({ matchLabels: service.spec!.selector! }, template.metadata?.labels)).toBe(true);
  expect(service.spec?.ports?.map(({ port, targetPort }) => [port, targetPort])).toEqual([
    [80, 8080],
    [443, 8443],
  ]);
  expect(template.metadata).toMatchObject({
    annotations: { "inject.istio.io/templates": "gateway" },
    labels: { istio: "ingressgateway" },
  });
  expect(baseline().some(({ kind }) => kind === "PodDisruptionBudget")).toBe(false);
});

test("a Kubernetes API takes it as it is, and it stays when nothing is in force any more", async () => {
  const api = await startTestServer();
  const kube = new KubeClient({ server: `https://127.0.0.1:${api.port}`, ca: api.rootPem, token: testToken });
  const desired = new DesiredObjects();
  let applied = -1;
  const worker = new ClusterWorker({
    cluster: "lima",
    kube,
    desired: withBaseline(desired, baseline({ gatewayReplicas: 2 })),
    ledger: memoryLedger(),
    reportMs: 5,
    report: (seen) => {
      applied = seen.error === undefined ? seen.applied : -1;
    },
  });
  try {
    desired.change(1, { put: [{ apiVersion: "v1", kind: "Namespace", metadata: { name: "money" } }] });
    worker.start();
    await eventually(() => expect(applied).toBe(1));
    desired.change(2, { remove: ["v1/Namespace//money"] });
    await eventually(() => expect(worker.seen().trouble).toMatch(/asked for/));
    expect((await kube.list(kinds.Namespace)).items.map(({ metadata }) => metadata.name)).toEqual(
      expect.arrayContaining(["istio-system", "quipu-system", "money"]),
    );
    expect(
      await kube.get<Deployment>(kinds.Deployment, { namespace: "istio-system", name: "istio-ingressgateway" }),
    ).toMatchObject({ spec: { replicas: 2 } });
  } finally {
    await worker.stop();
    await kube.close();
    await api.stop();
  }
});
