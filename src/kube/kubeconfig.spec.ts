import { describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { connectionFromKubeconfig, kubeconfigContexts, kubeconfigFor } from "./kubeconfig.ts";

const pem = (name: string) => `-----BEGIN ${name}-----\nAAAA\n-----END ${name}-----\n`;
const base64 = (text: string) => Buffer.from(text).toString("base64");
const config = (over: { user?: object; cluster?: object; context?: object } = {}) =>
  stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "lima",
    contexts: [
      { name: "lima", context: { cluster: "c", user: "u", namespace: "money", ...over.context } },
      { name: "bogota", context: { cluster: "d", user: "" } },
    ],
    clusters: [
      {
        name: "c",
        cluster: {
          server: "https://127.17.0.1:6443/",
          "certificate-authority-data": base64(pem("CERTIFICATE")),
          ...over.cluster,
        },
      },
      { name: "d", cluster: { server: "http://localhost:8001/prefix" } },
    ],
    users: [{ name: "u", user: over.user ?? { token: "t0ken" } }],
  });

test("the current context is taken unless another is asked for", () => {
  expect(connectionFromKubeconfig(config())).toEqual({
    server: "https://127.17.0.1:6443",
    ca: pem("CERTIFICATE"),
    token: "t0ken",
    namespace: "money",
  });
  expect(connectionFromKubeconfig(config(), { context: "bogota" })).toEqual({ server: "http://localhost:8001/prefix" });
  expect(kubeconfigContexts(config())).toEqual({ contexts: ["lima", "bogota"], current: "lima" });
});

test("files are read relative to the kubeconfig, and inline data wins over them", () => {
  const files: Record<string, string> = { "/home/me/.kube/pki/crt.pem": "the cert", "/abs/key.pem": "the key" };
  const text = config({
    user: { "client-certificate": "pki/crt.pem", "client-key": "/abs/key.pem" },
    cluster: { "certificate-authority": "nowhere.pem", "tls-server-name": "kubernetes" },
  });
  const readFile = (path: string) =>
    files[path] ??
    (() => {
      throw new Error(`ENOENT ${path}`);
    })();
  expect(connectionFromKubeconfig(text, { path: "/home/me/.kube/config", readFile })).toMatchObject({
    ca: pem("CERTIFICATE"),
    cert: "the cert",
    key: "the key",
    tlsServerName: "kubernetes",
  });
  expect(() => connectionFromKubeconfig(text, { path: "/other/config", readFile })).toThrowError(
    expect.objectContaining({
      code: "kubeconfig/missing",
      field: "users[u].client-certificate",
      found: "/other/pki/crt.pem",
    }),
  );
  expect(() => connectionFromKubeconfig(text)).toThrowError(
    expect.objectContaining({ code: "kubeconfig/unsupported" }),
  );
});

describe("what can't be used is named", () => {
  test.each([
    [
      "an exec plugin",
      config({ user: { exec: { command: "aws" } } }),
      { code: "kubeconfig/unsupported", field: "users[u].exec" },
    ],
    [
      "a missing cluster",
      config({ context: { cluster: "x" } }),
      { code: "kubeconfig/missing", field: "contexts[lima].cluster", found: "x", accepted: "c, d" },
    ],
    [
      "a server without scheme",
      config({ cluster: { server: "127.0.0.1:6443" } }),
      { code: "kubeconfig/broken", field: "clusters[c].server", found: "127.0.0.1:6443" },
    ],
    [
      "a certificate without key",
      config({ user: { "client-certificate-data": base64(pem("CERTIFICATE")) } }),
      { code: "kubeconfig/broken", field: "users[u]" },
    ],
    [
      "data that isn't PEM",
      config({ cluster: { "certificate-authority-data": "AAAA" } }),
      { code: "kubeconfig/broken", field: "clusters[c].certificate-authority-data" },
    ],
    ["broken YAML", "a: [", { code: "kubeconfig/broken" }],
    ["another document", "kind: App", { code: "kubeconfig/broken", field: "kind", found: "App" }],
  ])("%s", (_, text, error) => {
    expect(() => connectionFromKubeconfig(text)).toThrowError(expect.objectContaining(error));
  });
  test("an unknown context", () => {
    expect(() => connectionFromKubeconfig(config(), { context: "quito" })).toThrowError(
      expect.objectContaining({ code: "kubeconfig/missing", found: "quito", accepted: "lima, bogota" }),
    );
  });
});

test("a kubeconfig we write reads back as the same connection", () => {
  const connection = {
    server: "https://127.17.0.1:6443",
    ca: pem("CERTIFICATE"),
    cert: pem("CERTIFICATE"),
    key: pem("PRIVATE KEY"),
  };
  const written = stringify(kubeconfigFor("lima", connection));
  expect(connectionFromKubeconfig(written)).toEqual(connection);
  expect(parse(written)).toMatchObject({ "current-context": "lima" });
});
