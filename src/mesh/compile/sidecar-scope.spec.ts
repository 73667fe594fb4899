import { beforeEach, describe, expect, it } from "vitest";
import type { KubeObject } from "../../objects/meta.ts";
import type { MeshCompiler } from "../resource.ts";
import { createMeshCompiler } from "./compiler.ts";
import { scopeAllows } from "./sidecar-scope.ts";
import { registry } from "./testing/registry.ts";

const service = (namespace: string, name: string, exportTo?: string): KubeObject => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: {
    name,
    namespace,
    ...(exportTo === undefined ? {} : { annotations: { "networking.istio.io/exportTo": exportTo } }),
  },
  spec: { ports: [{ name: "http", port: 80 }] },
});
const sidecar = (namespace: string, name: string, hosts: string[] | undefined, app?: string): KubeObject => ({
  apiVersion: "networking.istio.io/v1",
  kind: "Sidecar",
  metadata: { name, namespace, creationTimestamp: "2026-01-01T00:00:00Z" },
  spec: {
    ...(hosts === undefined ? {} : { egress: [{ hosts }] }),
    ...(app === undefined ? {} : { workloadSelector: { labels: { app } } }),
  },
});

describe("what a workload sees", () => {
  let compiler: MeshCompiler;
  beforeEach(() => {
    compiler = createMeshCompiler({ registry });
    for (const object of [
      service("shop", "web"),
      service("shop", "cart"),
      service("food", "catalog"),
      service("food", "secret", "."),
      service("money", "pay", "shop,food"),
    ])
      compiler.put(object);
    compiler.addProxy({
      id: "web",
      role: "sidecar",
      ip: "127.0.0.9",
      namespace: "shop",
      name: "web",
      labels: { app: "web" },
      serviceAccount: "web",
      cluster: "",
      network: "",
      locality: { region: "", zone: "" },
      metadata: {},
    });
  });
  const seen = (...objects: KubeObject[]) => {
    for (const object of objects) compiler.put(object);
    compiler.flush();
    return [...compiler.snapshot("web").clusters.keys()]
      .filter((name) => name.startsWith("outbound"))
      .map((name) => name.split("|")[3]!.split(".").slice(0, 2).reverse().join("/"))
      .sort();
  };

  it("without a Sidecar, everything that is exported to it", () => {
    expect(seen()).toEqual(["food/catalog", "money/pay", "shop/cart", "shop/web"]);
  });
  it.each<[string[], string[]]>([
    [["./*"], ["shop/cart", "shop/web"]],
    [["food/*"], ["food/catalog"]],
    [["*/catalog.food.svc.cluster.local"], ["food/catalog"]],
    [
      ["food/*.food.svc.cluster.local", "./cart.shop.svc.cluster.local"],
      ["food/catalog", "shop/cart"],
    ],
    [["~/*"], []],
    [["shop/pay.money.svc.cluster.local"], []],
  ])("with egress hosts %j", (hosts, expected) => {
    expect(seen(sidecar("shop", "default", hosts))).toEqual(expected);
  });
  it("its own Sidecar comes before the namespace's, and that before the root namespace's; each is followed when it changes", () => {
    expect(seen(sidecar("istio-system", "default", ["./*"]))).toEqual(["shop/cart", "shop/web"]);
    expect(seen(sidecar("shop", "default", ["money/*"]))).toEqual(["money/pay"]);
    expect(seen(sidecar("shop", "web", ["food/*"], "web"))).toEqual(["food/catalog"]);
    expect(seen(sidecar("shop", "other", ["~/*"], "other"))).toEqual(["food/catalog"]);
    compiler.remove("Sidecar", "shop", "web");
    expect(seen()).toEqual(["money/pay"]);
  });
  it("an egress host lets configuration of its namespace through", () => {
    expect(scopeAllows(["./*"], "shop", "shop", "a.b")).toBe(true);
    expect(scopeAllows(["./*"], "shop", "food", "a.b")).toBe(false);
    expect(scopeAllows(["food/a.b"], "shop", "food", "c.b")).toBe(false);
  });
});
