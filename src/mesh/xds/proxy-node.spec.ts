import { expect, test } from "vitest";
import { bearerToken, claimedIdentity, knownPod, outdated, proxyOf } from "./proxy-node.ts";

const token = { namespace: "money", serviceAccount: "checkout", podName: "checkout-r1-abc", podUid: "u" };
const node = {
  id: "sidecar~127.17.3.1~checkout-r1-abc.money~money.svc.cluster.local",
  cluster: "checkout.money",
  metadata: {
    LABELS: { app: "checkout" },
    NAMESPACE: "other",
    SERVICE_ACCOUNT: "admin",
    CLUSTER_ID: "alpha",
    QUIPU_PROXY: "127.17.3.1:15001",
  },
  locality: { region: "south", zone: "a" },
};

test("identity comes from the token, addresses from the node; labels, too, while no Pod is known", () => {
  expect(proxyOf(node, token, { ip: "127.17.3.1", gateway: false })).toMatchObject({
    role: "sidecar",
    ip: "127.17.3.1",
    namespace: "money",
    serviceAccount: "checkout",
    name: "checkout-r1-abc",
    labels: { app: "checkout" },
    cluster: "alpha",
    network: "",
    locality: { region: "south", zone: "a" },
    metadata: { QUIPU_PROXY: "127.17.3.1:15001" },
  });
});

test("a node that contradicts the token or the pod's address is refused", () => {
  expect(() => proxyOf(node, { ...token, podName: "orders-1" }, undefined)).toThrow(/bound to pod orders-1.money/);
  expect(() => proxyOf(node, { ...token, namespace: "food" }, undefined)).toThrow(/bound to pod checkout-r1-abc.food/);
  expect(() => proxyOf(node, token, { ip: "127.17.9.1", gateway: false })).toThrow(/has the address 127.17.9.1/);
  for (const id of ["", "ztunnel~1~a.b~c", "sidecar~127.17.3.1", "sidecar~~checkout-r1-abc.money~x"])
    expect(() => proxyOf({ ...node, id }, token, undefined)).toThrow(/is accepted/);
});

const pod = {
  uid: "u",
  ip: "127.17.3.1",
  labels: { app: "checkout", "quipu.dev/revision": "r1" },
  gateway: false,
};

test("labels are the Pod's, whatever the node says", () => {
  const stranger = { ...node, metadata: { ...node.metadata, LABELS: { app: "payments" } } };
  expect(proxyOf(stranger, token, pod).labels).toEqual(pod.labels);
});

test("only a gateway's pod is served as a gateway", () => {
  const router = { ...node, id: node.id.replace("sidecar", "router") };
  expect(() => proxyOf(router, token, pod)).toThrow(expect.objectContaining({ status: 7 }));
  expect(() => proxyOf(router, token, undefined)).toThrow(expect.objectContaining({ status: 14 }));
  expect(proxyOf(router, token, { ...pod, gateway: true }).role).toBe("router");
  const gatewayOf = (annotations: Record<string, string>) =>
    knownPod({ apiVersion: "v1", kind: "Pod", metadata: { name: "p", annotations } }).gateway;
  expect(gatewayOf({ "inject.istio.io/templates": "gateway" })).toBe(true);
  expect(gatewayOf({ "inject.istio.io/templates": "extra, gateway" })).toBe(true);
  expect(gatewayOf({ "inject.istio.io/templates": "sidecar" })).toBe(false);
  expect(gatewayOf({})).toBe(false);
});

test("a token of a namesake that was replaced has to wait until its own pod is known", () => {
  expect(() => proxyOf(node, { ...token, podUid: "older" }, pod)).toThrow(expect.objectContaining({ status: 14 }));
});

test("what makes a connected proxy outdated", () => {
  const proxy = proxyOf(node, token, pod);
  expect(outdated(proxy, "u", pod)).toBeUndefined();
  expect(outdated(proxy, "u", { gateway: false })).toBeUndefined();
  expect(outdated(proxy, "u", { ...pod, uid: "v" })).toMatch(/replaced/);
  expect(outdated(proxy, "u", { ...pod, ip: "127.17.4.1" })).toMatch(/address/);
  expect(outdated(proxy, "u", { ...pod, labels: { app: "other" } })).toMatch(/labels/);
  expect(outdated({ ...proxy, role: "router" }, "u", pod)).toMatch(/gateway/);
});

test("bearer tokens", () => {
  expect(bearerToken("Bearer abc.def")).toBe("abc.def");
  for (const wrong of [undefined, "", "abc", "Basic abc", "Bearer "])
    expect(() => bearerToken(wrong)).toThrow(/authorization/);
});

test("a node that needn't prove anything is its id's pod, with the service account that the Kubernetes API knows, or else its own word", () => {
  const known = (namespace: string, name: string) =>
    namespace === "money" && name === "checkout-r1-abc"
      ? { uid: "u", serviceAccount: "checkout", gateway: false }
      : undefined;
  expect(claimedIdentity(node, known)).toEqual(token);
  expect(claimedIdentity(node, () => undefined)).toMatchObject({ podName: "checkout-r1-abc", serviceAccount: "admin" });
  expect(claimedIdentity({ ...node, metadata: {} }, () => undefined).serviceAccount).toBe("default");
  const dotted = { ...node, id: "sidecar~10.0.0.1~a.b.money~money.svc.cluster.local" };
  expect(claimedIdentity(dotted, known)).toMatchObject({ podName: "a.b", namespace: "money" });
  for (const id of ["", "sidecar", "sidecar~10.0.0.1~pod~money"])
    expect(() => claimedIdentity({ ...node, id }, known)).toThrow(/is accepted/);
});
