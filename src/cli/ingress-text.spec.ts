import { expect, test } from "vitest";
import { ingressLines } from "./ingress-text.ts";

const gateway = { pod: "gw", state: "ready", http: "127.17.1.1:8080", https: "127.17.1.1:8443" };
const host = { host: "shop.example", path: "/", app: "storefront", stage: "open", curl: "curl it" };

test("the addresses, and how to call each exposed host", () => {
  expect(ingressLines({ cluster: "bogota", gateways: [gateway], hosts: [host] })).toEqual([
    "http 127.17.1.1:8080  https 127.17.1.1:8443  (gw, ready)",
    "storefront: curl it",
  ]);
  expect(ingressLines({ cluster: "bogota", gateways: [gateway], hosts: [] })[1]).toContain("spec.expose");
  expect(ingressLines({ cluster: "bogota", gateways: [], hosts: [host] })).toEqual(["no ingress gateway runs here"]);
});
