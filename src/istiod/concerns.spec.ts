import { describe, expect, it } from "vitest";
import { concernOf, isSelected, type Selector, type Surroundings } from "./concerns.ts";

const host = "orders.money.svc.cluster.local";
const app = (name: string, namespace = "money"): Selector => ({ namespace, labels: { app: name } });
const gateway: Selector = { namespace: "istio-system", labels: { istio: "ingressgateway" } };
const around: Surroundings = {
  scopes: [
    { selector: app("shop", "retail"), hosts: [`money/${host}`, "retail/a.retail.svc.cluster.local"] },
    { selector: app("cart"), hosts: ["./*"] },
    { selector: app("orders"), hosts: ["~/*"] },
    { selector: app("other", "retail"), hosts: ["./*", "money/stock.money.svc.cluster.local"] },
    { selector: app("suffix", "retail"), hosts: ["*/*.money.svc.cluster.local"] },
  ],
  exposed: new Set([host]),
  gateways: [gateway],
  alsoUsing: new Map([[host, [app("leaver", "retail")]]]),
};
const users = [app("shop", "retail"), app("cart"), app("suffix", "retail"), app("leaver", "retail")];
const concern = (kind: string, spec: object, name = "orders") =>
  concernOf({ kind, namespace: "money", name, resourceVersion: "1", spec }, around);

describe("whom an object concerns", () => {
  it("routes: who has the host in scope, and who may still use it", () => {
    expect(concern("VirtualService", { hosts: [host] })).toMatchObject({
      types: ["rds"],
      selectors: users,
      routers: false,
    });
    expect(concern("VirtualService", { hosts: ["x.money.svc.cluster.local"] }).selectors).toEqual([
      app("cart"),
      app("suffix", "retail"),
    ]);
  });

  it("a gateway's routes: gateways", () => {
    const spec = { hosts: ["api.example"], gateways: ["istio-system/api.example"] };
    expect(concern("VirtualService", spec)).toMatchObject({ types: ["rds"], selectors: [gateway], routers: true });
    expect(concern("Gateway", {})).toMatchObject({ types: ["lds"], selectors: [gateway], routers: true });
  });

  it("clusters: the same, and gateways where the host is exposed", () => {
    expect(concern("DestinationRule", { host })).toMatchObject({
      ...{ types: ["cds"], selectors: [...users, gateway], routers: true },
    });
    expect(concern("Service", {})).toMatchObject({ types: ["cds"], selectors: [...users, gateway], routers: true });
    expect(concern("DestinationRule", { host: "x.money.svc.cluster.local" }).routers).toBe(false);
  });

  it("policies and scopes: the workloads that they select, or the namespace", () => {
    const own = { selector: { matchLabels: { app: "orders" } } };
    expect(concern("AuthorizationPolicy", own)).toMatchObject({ types: ["lds"], selectors: [app("orders")] });
    expect(concern("PeerAuthentication", {})).toMatchObject({ selectors: [{ namespace: "money", labels: {} }] });
    expect(concern("Sidecar", { workloadSelector: { labels: { app: "shop" } } })).toMatchObject({
      ...{ types: ["cds", "lds"], selectors: [app("shop")] },
    });
  });

  it("other kinds: nobody", () => {
    expect(concern("ConfigMap", {})).toMatchObject({ types: [], selectors: [], routers: false });
  });
});

it("a selector means workloads of its namespace that have all of its labels", () => {
  expect(isSelected(app("shop"), { namespace: "money", labels: { app: "shop", tier: "1" } })).toBe(true);
  expect(isSelected(app("shop"), app("shop", "retail"))).toBe(false);
  expect(isSelected(app("shop"), app("cart"))).toBe(false);
  expect(isSelected({ namespace: "money", labels: {} }, app("cart"))).toBe(true);
});
