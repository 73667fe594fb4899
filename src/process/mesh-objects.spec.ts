import { expect, it } from "vitest";
import type { ClusterLink } from "../fleet/cluster-link.ts";
import type { DesiredObject } from "../fleet/desired.ts";
import { objectKey } from "../fleet/desired.ts";
import type { Kind } from "../objects/kinds.ts";
import type { KubeObject } from "../objects/meta.ts";
import { NotYet } from "../release/acknowledge.ts";
import { objectsOf } from "./mesh-objects.ts";

const object = (kind: string, apiVersion: string, name: string, labels: Record<string, string> = {}): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name, namespace: "shop", labels: { app: "orders", ...labels } },
});
const service = object("Service", "v1", "orders");
const routes = object("VirtualService", "networking.istio.io/v1", "orders");
const deployment = object("Deployment", "apps/v1", "orders-r1");
const desired = (rowRevisions: [KubeObject, number][]): DesiredObject[] =>
  rowRevisions.map(([each, rowRevision]) => ({ key: objectKey(each), object: each, rowRevision }));

const pod = {
  ...object("Pod", "v1", "orders-r1-x"),
  status: { conditions: [{ type: "Ready", status: "True" }] },
};
const slice = (...endpoints: { ready: boolean; uid: string }[]) => ({
  ...object("EndpointSlice", "discovery.k8s.io/v1", "orders-abc"),
  endpoints: endpoints.map(({ ready, uid }) => ({ conditions: { ready }, targetRef: { uid } })),
});

/** A cluster that has what is wanted, with a pod of the app (of uid x) and where it is to be found; all of version 7. */
function link(
  objects: DesiredObject[],
  endpoints: KubeObject = slice({ ready: true, uid: "x" }),
): Pick<ClusterLink, "desired" | "kube"> {
  const at7 = (each: KubeObject) => ({ ...each, metadata: { ...each.metadata, resourceVersion: "7" } });
  return {
    desired: { objects: () => objects.values() },
    kube: {
      find: ({ kind }: Kind) => Promise.resolve(at7(objects.find(({ object: each }) => each.kind === kind)!.object)),
      listAll: ({ kind }: Kind) => {
        const at = at7(kind === "Pod" ? pod : endpoints);
        return Promise.resolve({ items: [{ ...at, metadata: { ...at.metadata, uid: "x" } }], resourceVersion: "9" });
      },
    },
  } as unknown as Pick<ClusterLink, "desired" | "kube">;
}
const names = (found: { kind: string; name: string; resourceVersion?: string }[]) =>
  found.map(({ kind, name, resourceVersion }) => `${kind}/${name}@${resourceVersion}`);

it("a step's objects for proxies, and with them the app's pods and where they are", async () => {
  const found = await objectsOf(
    link(
      desired([
        [service, 3],
        [routes, 5],
        [deployment, 5],
      ]),
    ),
    "orders",
    5,
  );
  expect(names(found)).toEqual(["VirtualService/orders@7", "EndpointSlice/orders-abc@7", "Pod/orders-r1-x@7"]);
});

it("before something is removed, all of the app's", async () => {
  const found = await objectsOf(
    link(
      desired([
        [service, 3],
        [routes, 5],
      ]),
    ),
    "orders",
    5,
    "remove",
  );
  expect(names(found)).toEqual([
    "Service/orders@7",
    "VirtualService/orders@7",
    "EndpointSlice/orders-abc@7",
    "Pod/orders-r1-x@7",
  ]);
});

it("nothing, where a step is nothing to proxies", async () => {
  expect(
    await objectsOf(
      link(
        desired([
          [service, 3],
          [deployment, 5],
        ]),
      ),
      "orders",
      5,
    ),
  ).toEqual([]);
});

it.each([
  ["no pods", slice()],
  ["other pods", slice({ ready: true, uid: "y" })],
  ["it as not ready", slice({ ready: false, uid: "x" })],
])("not yet, while a pod is ready and EndpointSlices have %s", async (_, endpoints) => {
  await expect(
    objectsOf(
      link(
        desired([
          [service, 3],
          [routes, 5],
        ]),
        endpoints,
      ),
      "orders",
      5,
    ),
  ).rejects.toThrow(new NotYet("Pod orders-r1-x is ready and no EndpointSlice of Service orders has it yet"));
});

it("what was applied and isn't there is waited for: somebody deleted it, or this is another cluster", async () => {
  const there = link(
    desired([
      [service, 3],
      [routes, 5],
    ]),
  );
  (there.kube as { find: unknown }).find = () => Promise.resolve(undefined);
  const gone = new NotYet("VirtualService shop/orders was applied and isn't there");
  await expect(objectsOf(there, "orders", 5)).rejects.toThrow(gone);
  await expect(objectsOf(there, "orders", 5, "remove")).rejects.toThrow(NotYet);
  // Of another app's nothing is asked here.
  expect(await objectsOf(there, "search", 5)).toEqual([]);
});
