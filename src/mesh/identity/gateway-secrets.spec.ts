import { expect, test } from "vitest";
import type { Secret } from "../../objects/core.ts";
import { GatewaySecrets } from "./gateway-secrets.ts";

function secret(name: string, data: Record<string, string>): Secret {
  const encoded = Object.fromEntries(
    Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString("base64")]),
  );
  return {
    apiVersion: "v1",
    kind: "Secret",
    type: "kubernetes.io/tls",
    metadata: { namespace: "istio-system", name },
    data: encoded,
  };
}

test("a TLS secret is found by its gateway's namespace alone", () => {
  const secrets = new GatewaySecrets();
  expect(secrets.put(secret("shop", { "tls.crt": "CHAIN", "tls.key": "KEY" }))).toEqual({
    namespace: "istio-system",
    names: ["kubernetes://shop"],
  });
  expect(Buffer.from(secrets.get("istio-system", "kubernetes://shop")!.bytes).toString()).toMatch(/CHAIN[^]*KEY/);
  expect(secrets.get("other", "kubernetes://shop")).toBeUndefined();
  expect(secrets.get("istio-system", "shop")).toBeUndefined();
});

test("only what changed is told; half a secret is none", () => {
  const secrets = new GatewaySecrets();
  secrets.put(secret("shop", { "tls.crt": "CHAIN", "tls.key": "KEY" }));
  expect(secrets.put(secret("shop", { "tls.crt": "CHAIN", "tls.key": "KEY" })).names).toEqual([]);
  expect(secrets.put(secret("shop", { "tls.crt": "CHAIN", "tls.key": "KEY", "ca.crt": "CA" })).names).toEqual([
    "kubernetes://shop-cacert",
  ]);
  expect(secrets.get("istio-system", "kubernetes://shop-cacert")).toBeDefined();
  expect(secrets.put(secret("shop", { "tls.crt": "CHAIN" })).names).toEqual([
    "kubernetes://shop",
    "kubernetes://shop-cacert",
  ]);
  expect(secrets.get("istio-system", "kubernetes://shop")).toBeUndefined();
});

test("generic keys, and an authority in a secret of its own", () => {
  const secrets = new GatewaySecrets();
  secrets.put(secret("shop", { cert: "CHAIN", key: "KEY" }));
  secrets.put(secret("shop-cacert", { cacert: "CA" }));
  expect(secrets.get("istio-system", "kubernetes://shop")).toBeDefined();
  expect(secrets.get("istio-system", "kubernetes://shop-cacert")).toBeDefined();
  expect(secrets.remove("istio-system", "shop-cacert").names).toEqual(["kubernetes://shop-cacert"]);
  expect(secrets.get("istio-system", "kubernetes://shop-cacert")).toBeUndefined();
});
