import { expect, test } from "vitest";
import { bearerToken, proxyOf } from "./proxy-node.ts";

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

test("identity comes from the token, addresses and labels from the node", () => {
  expect(proxyOf(node, token, "127.17.3.1")).toMatchObject({
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
  expect(() => proxyOf(node, token, "127.17.9.1")).toThrow(/has the address 127.17.9.1/);
  for (const id of ["", "ztunnel~1~a.b~c", "sidecar~127.17.3.1", "sidecar~~checkout-r1-abc.money~x"])
    expect(() => proxyOf({ ...node, id }, token, undefined)).toThrow(/is accepted/);
});

test("bearer tokens", () => {
  expect(bearerToken("Bearer abc.def")).toBe("abc.def");
  for (const wrong of [undefined, "", "abc", "Basic abc", "Bearer "])
    expect(() => bearerToken(wrong)).toThrow(/authorization/);
});
