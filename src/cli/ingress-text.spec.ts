import { expect, test } from "vitest";
import { callOf, ingressLines } from "./ingress-text.ts";

const gateway = { pod: "gw", state: "ready", http: "127.17.1.1:8080", https: "127.17.1.1:8443" };
const host = { host: "shop.example", path: "/", app: "storefront", tls: false, stage: "open" };

test("the addresses, and how to call each exposed host", () => {
  expect(ingressLines({ cluster: "bogota", gateways: [gateway], hosts: [host] })).toEqual([
    "http 127.17.1.1:8080  https 127.17.1.1:8443  (gw, ready)",
    "storefront: curl -H 'host: shop.example' http://127.17.1.1:8080/",
  ]);
  expect(ingressLines({ cluster: "bogota", gateways: [gateway], hosts: [] })[1]).toContain("spec.expose");
  expect(ingressLines({ cluster: "bogota", gateways: [], hosts: [host] })).toEqual(["no ingress gateway runs here"]);
});

test("a host with TLS is called by its name, one with tokens with a token", () => {
  expect(callOf({ ...host, tls: true, path: "/pay*", jwt: "customers" }, gateway)).toBe(
    "curl -k --resolve shop.example:8443:127.17.1.1 -H 'authorization: Bearer TOKEN' https://shop.example:8443/pay",
  );
});
