import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { envoyPath } from "../../setup/paths.mjs";
import { createMeshCompiler } from "../../src/mesh/compile/compiler.ts";
import { createAuthority } from "../../src/mesh/compile/testing/certificates.ts";
import { registry } from "../../src/mesh/compile/testing/registry.ts";
import { resourcesOf } from "../../src/mesh/compile/testing/resources.ts";
import { staticBootstrap } from "../../src/mesh/compile/testing/static-bootstrap.ts";
import { parseLimits } from "../../src/mesh/ratelimit/limits.ts";
import type { Proxy } from "../../src/mesh/resource.ts";
import type { ConfigMap, Deployment } from "../../src/objects/core.ts";
import type { KubeObject } from "../../src/objects/meta.ts";

/** What rendering makes of every golden case, all the way: compiled for a proxy of each Deployment and the gateway, and shown to Envoy. */
const folder = new URL("../../src/render/golden/", import.meta.url);
const cases = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);
const scratch = mkdtempSync(join(tmpdir(), "quipu-rendered-"));
afterAll(() => rmSync(scratch, { recursive: true }));
const authority = createAuthority(Date.now());

const common = { cluster: "co-1", network: "co-1", locality: { region: "co", zone: "" } };
/** What every cluster has beside the rendered objects. */
const baseline: KubeObject[] = [
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "istio-ingressgateway", namespace: "istio-system" },
    spec: {
      selector: { istio: "ingressgateway" },
      ports: [
        { name: "http2", port: 80, targetPort: 8080 },
        { name: "https", port: 443, targetPort: 8443 },
      ],
    },
  },
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "ratelimit", namespace: "quipu-system" },
    spec: { ports: [{ name: "grpc-ratelimit", port: 8081 }] },
  },
];
const gateway = {
  ...common,
  id: "gateway",
  role: "router",
  ip: "127.253.255.1",
  namespace: "istio-system",
  name: "gateway",
  labels: { istio: "ingressgateway" },
  serviceAccount: "istio-ingressgateway",
  metadata: {},
};

/** A pod of the Deployment, as the runtime would announce it. */
function proxyOf({ metadata, spec }: Deployment, index: number): Proxy {
  const ip = `127.253.${index + 1}.1`;
  const calls = (metadata.annotations?.["quipu.dev/calls"] ?? "").split(",").filter((call) => call !== "");
  const ports = spec!.template.spec.containers[0]!.ports ?? [];
  return {
    ...common,
    id: `${metadata.name}.${metadata.namespace}`,
    role: "sidecar",
    ip,
    namespace: metadata.namespace!,
    name: metadata.name,
    labels: spec!.template.metadata!.labels!,
    serviceAccount: spec!.template.spec.serviceAccountName!,
    metadata: {
      QUIPU_PROXY: `${ip}:15001`,
      QUIPU_APP_PORTS: Object.fromEntries(ports.map(({ containerPort }, port) => [containerPort, 20_000 + port])),
      QUIPU_CALLEES: Object.fromEntries(
        calls.map((call, callee) => [`${call}.svc.cluster.local`, `127.253.${index + 1}.${callee + 2}`]),
      ),
    },
  } as unknown as Proxy;
}

describe.each(cases)("rendered %s", (name) => {
  const [first] = readFileSync(new URL(`${name}/out.yaml`, folder), "utf8")
    .split(/^# (?=[a-z0-9-]+$)/m)
    .filter((text) => text.includes("kind:"));
  const objects = parseAllDocuments(first!.slice(first!.indexOf("---")))
    .map((document) => document.toJS() as KubeObject)
    .filter((object) => object !== null);
  const errors: unknown[] = [];
  const compiler = createMeshCompiler({ registry, trustDomain: "quipu.local", onError: (error) => errors.push(error) });
  for (const object of [...baseline, ...objects]) compiler.put(object);
  compiler.flush();
  const proxies = [
    ...objects.filter(({ kind }) => kind === "Deployment").map((object, index) => proxyOf(object as Deployment, index)),
    ...(objects.some(({ kind }) => kind === "Gateway") ? [gateway as unknown as Proxy] : []),
  ];
  for (const proxy of proxies) compiler.addProxy(proxy);

  it("compiles without a complaint", () => {
    for (const proxy of proxies) compiler.snapshot(proxy.id);
    expect(errors).toEqual([]);
    expect(proxies.length).toBeGreaterThan(0);
  });

  it.each(proxies)("is accepted by Envoy: $id", async ({ id, namespace, serviceAccount }) => {
    const file = join(scratch, `${name}-${id}.json`);
    writeFileSync(
      file,
      JSON.stringify(
        staticBootstrap(resourcesOf(compiler, id), { secrets: await (await authority)(namespace, serviceAccount) }),
      ),
    );
    const { stdout, stderr } = await promisify(execFile)(envoyPath(), [
      "--mode",
      "validate",
      "-c",
      file,
      "--use-dynamic-base-id",
      "--concurrency",
      "1",
      "-l",
      "warning",
    ]).catch((error: { stdout: string; stderr: string }) => error);
    expect(stdout + stderr).toMatch(/configuration '.*' OK/);
  });

  it.each(objects.filter(({ kind }) => kind === "ConfigMap") as ConfigMap[])(
    "the rate-limit service reads $metadata.name",
    ({ data }) => {
      expect(parseLimits(data!["config.yaml"]!).children.size).toBeGreaterThan(0);
    },
  );
});
