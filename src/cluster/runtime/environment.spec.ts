import { describe, expect, it } from "vitest";
import type { Container, Pod, Service } from "../../objects/core.ts";
import type { KubeObject } from "../../objects/meta.ts";
import { appEnvironment, variableName, type EnvironmentContext, type EnvironmentSources } from "./environment.ts";

const container: Container = { name: "app", image: "i" };
const pod: Pod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "web-1", namespace: "shop", uid: "u1", labels: { "quipu.dev/revision": "r4" } },
  spec: { containers: [container], serviceAccountName: "web" },
};
const head: KubeObject = { apiVersion: "v1", kind: "", metadata: { name: "" } };
const ledger: Service = {
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "ledger" },
  spec: {
    ports: [
      { name: "tcp", port: 7000 },
      { name: "admin-http", port: 80 },
    ],
  },
};
const sources: EnvironmentSources = {
  secret: (name) =>
    name === "stripe" ? { ...head, data: { token: Buffer.from("s3cret").toString("base64") } } : undefined,
  configMap: (name) => (name === "rules" ? { ...head, data: { level: "high" } } : undefined),
  service: (namespace, name) => (namespace === "money" && name === "ledger" ? ledger : undefined),
};
const context: EnvironmentContext = {
  fleet: "f1",
  cluster: "uno",
  node: "uno",
  hostIP: "127.17.0.1",
  proxy: "127.17.3.1:15001",
  root: "/pods/u1/root",
  inherited: { PATH: "/bin" },
  allocation: {
    uid: "u1",
    namespace: "shop",
    name: "web-1",
    index: 3,
    ip: "127.17.3.1",
    ports: [
      { name: "http", port: 8080, privatePort: 20001 },
      { name: "admin-api", port: 9090, privatePort: 20002 },
    ],
    callees: [
      { app: "ledger", segment: "money", host: "ledger.money.svc.cluster.local", address: "127.17.3.2" },
      { app: "fraud-check", segment: "money", host: "", address: "127.17.3.3" },
    ],
  },
};
const made = (env: Container["env"] = [], change: Partial<EnvironmentContext> = {}): Record<string, string> =>
  appEnvironment(pod, { ...container, env }, { ...context, ...change }, sources);

describe("appEnvironment", () => {
  it("tells ports, callees, proxy and place, and inherits nothing else", () => {
    expect(made()).toEqual({
      PATH: "/bin",
      POD_NAME: "web-1",
      POD_NAMESPACE: "shop",
      POD_IP: "127.17.3.1",
      HOSTNAME: "web-1",
      QUIPU_ROOT: "/pods/u1/root",
      PORT: "20001",
      PORT_HTTP: "20001",
      PORT_ADMIN_API: "20002",
      LEDGER_SERVICE_HOST: "127.17.3.2",
      LEDGER_SERVICE_PORT: "7000",
      LEDGER_SERVICE_PORT_TCP: "7000",
      LEDGER_SERVICE_PORT_ADMIN_HTTP: "80",
      FRAUD_CHECK_SERVICE_HOST: "127.17.3.3",
      HTTP_PROXY: "http://127.17.3.1:15001",
      HTTPS_PROXY: "http://127.17.3.1:15001",
      NO_PROXY: "",
      http_proxy: "http://127.17.3.1:15001",
      https_proxy: "http://127.17.3.1:15001",
      no_proxy: "",
      NODE_USE_ENV_PROXY: "1",
      QUIPU_FLEET: "f1",
      QUIPU_ROLE: "app/uno/u1",
    });
  });
  it("has no proxy without a sidecar", () =>
    expect(Object.keys(made([], { proxy: undefined })).filter((name) => /proxy/i.test(name))).toEqual([]));
  it("resolves literals, Secrets, ConfigMaps and fields, in order", () => {
    expect(
      made([
        { name: "A", value: "one" },
        { name: "B", value: "$(A)-$(PORT)-$$(A)-$(NONE)" },
        { name: "KEY", valueFrom: { secretKeyRef: { name: "stripe", key: "token" } } },
        { name: "LEVEL", valueFrom: { configMapKeyRef: { name: "rules", key: "level" } } },
        { name: "REVISION", valueFrom: { fieldRef: { fieldPath: "metadata.labels['quipu.dev/revision']" } } },
        { name: "ACCOUNT", valueFrom: { fieldRef: { fieldPath: "spec.serviceAccountName" } } },
        { name: "MAYBE", valueFrom: { secretKeyRef: { name: "none", key: "x", optional: true } } },
      ]),
    ).toMatchObject({ B: "one-20001-$(A)-$(NONE)", KEY: "s3cret", LEVEL: "high", REVISION: "r4", ACCOUNT: "web" });
  });
  it("can't be talked out of whose process it is", () =>
    expect(
      made([
        { name: "QUIPU_ROLE", value: "server" },
        { name: "QUIPU_FLEET", value: "other" },
      ]),
    ).toMatchObject({ QUIPU_ROLE: "app/uno/u1", QUIPU_FLEET: "f1" }));
  it.each([
    [{ secretKeyRef: { name: "none", key: "x" } }, 'secret "none" not found in namespace "shop"'],
    [{ secretKeyRef: { name: "stripe", key: "x" } }, "couldn't find key x in secret shop/stripe"],
    [{ configMapKeyRef: { name: "none", key: "x" } }, 'configmap "none" not found in namespace "shop"'],
    [{ fieldRef: { fieldPath: "status.moon" } }, "fieldRef status.moon isn't known"],
    [{}, "has a valueFrom that names no source"],
  ])("refuses %j", (valueFrom, message) => {
    expect(() => made([{ name: "X", valueFrom }])).toThrow(
      expect.objectContaining({ reason: "CreateContainerConfigError", message: expect.stringContaining(message) }),
    );
  });
});

it("names variables as Kubernetes does", () => expect(variableName("fraud-check.v2")).toBe("FRAUD_CHECK_V2"));
