import { expect, test } from "vitest";
import { kinds } from "../objects/kinds.ts";
import { Discovery } from "./discovery.ts";
import { KubeError } from "./kube-error.ts";
import type { Request, Response } from "./transport.ts";

function setUp(documents: Record<string, unknown>) {
  let time = 0;
  const asked: string[] = [];
  const transport = {
    request: async ({ path }: Request): Promise<Response> => {
      asked.push(path);
      const document = documents[path];
      if (document instanceof Error) throw document;
      if (document === undefined) throw new KubeError("kube/status", "none", { status: 404 });
      return { status: 200, headers: {}, body: typeof document === "string" ? document : JSON.stringify(document) };
    },
  };
  const clock = { now: () => time, sleep: async () => undefined };
  return { discovery: new Discovery(transport, clock), asked, pass: (ms: number) => (time += ms) };
}
const group = (name: string, versions: Record<string, string[]>) => ({
  metadata: { name },
  versions: Object.entries(versions).map(([version, names]) => ({
    version,
    resources: names.map((resource) => ({ resource })),
  })),
});
const aggregated = (...items: object[]) => ({ kind: "APIGroupDiscoveryList", items });
const core = { "/api": aggregated(group("", { v1: ["pods"] })) };

test("what is missing is told with what there is instead and what to do, and asked for once", async () => {
  const { discovery, asked, pass } = setUp({
    ...core,
    "/apis": aggregated(
      group("networking.istio.io", { v1beta1: ["virtualservices"], v1alpha3: ["virtualservices", "envoyfilters"] }),
      group("autoscaling", { v1: ["horizontalpodautoscalers"] }),
    ),
  });
  const told = await Promise.all(
    [kinds.Pod, kinds.EnvoyFilter, kinds.VirtualService, kinds.AuthorizationPolicy, kinds.HorizontalPodAutoscaler].map(
      (kind) => discovery.missing(kind),
    ),
  );
  expect(told).toEqual([
    undefined,
    undefined,
    "the cluster has no VirtualService of networking.istio.io/v1; it has v1beta1, v1alpha3: upgrade Istio and its CRDs",
    "the cluster has no AuthorizationPolicy of security.istio.io/v1: install Istio, at least its CRDs (the chart istio/base)",
    "the cluster has no HorizontalPodAutoscaler of autoscaling/v2; it has v1: upgrade Kubernetes",
  ]);
  expect(asked).toEqual(["/api", "/apis"]);
  pass(10_000);
  await discovery.missing(kinds.Pod);
  expect(asked).toHaveLength(4);
});

test("a server without aggregated discovery is asked version by version; an extension that is away is none that is there", async () => {
  const { discovery } = setUp({
    "/api": { kind: "APIVersions", versions: ["v1"] },
    "/api/v1": { resources: [{ name: "pods" }, { name: "pods/log" }] },
    "/apis": {
      kind: "APIGroupList",
      groups: [{ versions: [{ groupVersion: "apps/v1" }] }, { versions: [{ groupVersion: "metrics.k8s.io/v1beta1" }] }],
    },
    "/apis/apps/v1": { resources: [{ name: "deployments" }] },
    "/apis/metrics.k8s.io/v1beta1": new KubeError("kube/status", "away", { status: 503 }),
  });
  expect(await discovery.missing(kinds.Pod)).toBeUndefined();
  expect(await discovery.missing(kinds.Deployment)).toBeUndefined();
  expect(await discovery.missing(kinds.ReplicaSet)).toMatch(/no ReplicaSet of apps\/v1: upgrade Kubernetes/);
});

test("what isn't discovery says nothing about kinds, and isn't remembered", async () => {
  const documents: Record<string, unknown> = { ...core, "/apis": "<html>" };
  const { discovery } = setUp(documents);
  await expect(discovery.missing(kinds.Pod)).rejects.toMatchObject({ code: "kube/malformed" });
  documents["/apis"] = aggregated();
  expect(await discovery.missing(kinds.Pod)).toBeUndefined();
});
