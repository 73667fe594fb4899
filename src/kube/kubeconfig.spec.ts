import { describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { kubeconfigSources } from "./kubeconfig-file.ts";
import { connectionFromKubeconfig, kubeconfigContexts, kubeconfigFor } from "./kubeconfig.ts";

const pem = (name: string) => `-----BEGIN ${name}-----\nAAAA\n-----END ${name}-----\n`;
const v1 = "client.authentication.k8s.io/v1";
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
      { code: "kubeconfig/unsupported", field: "users[u].exec.apiVersion" },
    ],
    [
      "an exec plugin that asks at a terminal",
      config({ user: { exec: { apiVersion: v1, command: "aws", interactiveMode: "Always" } } }),
      { code: "kubeconfig/unsupported", field: "users[u].exec.interactiveMode" },
    ],
    [
      "a provider that is no more",
      config({ user: { "auth-provider": { name: "gcp" } } }),
      { code: "kubeconfig/unsupported", field: "users[u].auth-provider.name", found: "gcp", accepted: "oidc" },
    ],
    [
      "an issuer in the clear",
      config({ user: { "auth-provider": { name: "oidc", config: { "idp-issuer-url": "http://idp" } } } }),
      { code: "kubeconfig/broken", field: "users[u].auth-provider.config.idp-issuer-url" },
    ],
    [
      "groups without a user",
      config({ user: { "as-groups": ["a"] } }),
      { code: "kubeconfig/broken", field: "users[u].as" },
    ],
    [
      "a proxy of another kind, without its password",
      config({ cluster: { "proxy-url": "socks4://me:s3cret@proxy:1080" } }),
      { code: "kubeconfig/unsupported", field: "clusters[c].proxy-url", found: "socks4://…@proxy:1080" },
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
  test("an unknown context, who names it, and those that there are", () => {
    const message = '--context names "quito", which isn\'t in contexts (lima, bogota)';
    expect(() => connectionFromKubeconfig(config(), { context: "quito" })).toThrowError(
      expect.objectContaining({ code: "kubeconfig/missing", message, found: "quito", accepted: "lima, bogota" }),
    );
    const contexts = Array.from({ length: 10 }, (_, at) => ({ name: `c${at}`, context: {} }));
    expect(() => connectionFromKubeconfig(stringify({ contexts }))).toThrow(
      /^current-context names none of contexts \(c0, .*, c7 and 2 more\)$/,
    );
    expect(() => connectionFromKubeconfig("kind: Config")).toThrow("none of contexts (there are none)");
  });
});

test("plugins, providers, impersonation and proxies are read as they stand", () => {
  const extension = { name: "client.authentication.k8s.io/exec", extension: { audience: "a" } };
  const exec = {
    apiVersion: v1,
    command: "./bin/aws",
    args: ["token"],
    env: [{ name: "A", value: "b" }],
    installHint: "get it",
    interactiveMode: "IfAvailable",
    provideClusterInfo: true,
  };
  const cluster = { "proxy-url": "socks5://proxy:1080", extensions: [extension] };
  const as = { as: "ana", "as-uid": "7", "as-groups": ["g"], "as-user-extra": { "a/b": ["c"] } };
  expect(
    connectionFromKubeconfig(config({ user: { exec, ...as }, cluster }), { path: "/home/me/.kube/config" }),
  ).toMatchObject({
    exec: {
      apiVersion: v1,
      command: "/home/me/.kube/bin/aws",
      args: ["token"],
      env: [{ name: "A", value: "b" }],
      installHint: "get it",
      provideClusterInfo: true,
      clusterConfig: { audience: "a" },
    },
    proxyUrl: "socks5://proxy:1080",
    impersonate: { user: "ana", uid: "7", groups: ["g"], extra: { "a/b": ["c"] } },
  });
  const oidc = {
    "idp-issuer-url": "https://idp.example/realm",
    "client-id": "quipu",
    "client-secret": "s",
    "id-token": "i",
    "refresh-token": "r",
    "idp-certificate-authority": "idp.pem",
  };
  expect(
    connectionFromKubeconfig(config({ user: { "auth-provider": { name: "oidc", config: oidc } } }), {
      path: "/k/config",
      readFile: (path) => `the text of ${path}`,
    }).oidc,
  ).toEqual({
    issuer: "https://idp.example/realm",
    clientId: "quipu",
    clientSecret: "s",
    idToken: "i",
    refreshToken: "r",
    ca: "the text of /k/idp.pem",
  });
});

test("a token's file counts before a token that stands in the kubeconfig, and is remembered", () => {
  const text = config({ user: { token: "old", tokenFile: "token" } });
  expect(connectionFromKubeconfig(text, { path: "/k/config", readFile: () => "new\n" })).toMatchObject({
    token: "new",
    files: { token: "/k/token" },
  });
});

test("of several files the first that has a thing wins, each with its own folder", () => {
  const first = stringify({
    kind: "Config",
    "current-context": "one",
    contexts: [{ name: "one", context: { cluster: "c", user: "mine" } }],
    users: [{ name: "mine", user: { tokenFile: "token" } }],
  });
  const second = config({ user: { token: "second" } });
  const env = { KUBECONFIG: "/a/config:/absent/config:/b/config" };
  const sources = kubeconfigSources(env, (path) => ({ "/a/config": first, "/b/config": second })[path]);
  expect(sources.map(({ path }) => path)).toEqual(["/a/config", "/b/config"]);
  expect(kubeconfigContexts(sources)).toEqual({ contexts: ["one", "lima", "bogota"], current: "one" });
  expect(connectionFromKubeconfig(sources, { readFile: (path) => path })).toMatchObject({
    server: "https://127.17.0.1:6443",
    token: "/a/token",
  });
  expect(connectionFromKubeconfig(sources, { context: "lima" }).token).toBe("second");
  expect(kubeconfigSources({ HOME: "/home/me" }, (path) => path)).toEqual([
    { text: "/home/me/.kube/config", path: "/home/me/.kube/config" },
  ]);
});

test("YAML that is broken is told of by its line, never quoted", () => {
  expect(() => connectionFromKubeconfig("users:\n- token: s3cret: x\n")).toThrowError(
    expect.objectContaining({ message: expect.stringMatching(/^the kubeconfig isn't YAML: .* line 2$/) }),
  );
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
