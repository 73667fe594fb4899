import { expect, test } from "vitest";
import type { KubeObject } from "../../objects/meta.ts";
import { createMeshCompiler } from "./compiler.ts";
import { registry } from "./testing/registry.ts";
import { resourcesOf } from "./testing/resources.ts";
import { takesAll } from "./virtual-service.ts";

test.each([
  [{}, true],
  [{ name: "a", port: 80, sourceLabels: { app: "a" }, sourceNamespace: "b", gateways: ["mesh"] }, true],
  [{ headers: {}, ignoreUriCase: false }, true],
  [{ uri: { prefix: "/a" } }, false],
  [{ headers: { "x-a": {} } }, false],
])("%j asks nothing of a request: %s", (match, all) => {
  expect(takesAll(match)).toBe(all);
});

test("a TLS port follows the TLS routes of its service, not the TCP routes", () => {
  const compiler = createMeshCompiler({ registry });
  const metadata = { name: "ledger", namespace: "money" };
  const host = "ledger.money.svc.cluster.local";
  const to = (subset: string) => [{ destination: { host, subset } }];
  const objects: KubeObject[] = [
    {
      ...{ apiVersion: "v1", kind: "Service", metadata },
      spec: { ports: [{ name: "tls", port: 5433 }], selector: { app: "ledger" } },
    },
    {
      ...{ apiVersion: "networking.istio.io/v1", kind: "DestinationRule", metadata },
      spec: { host, subsets: ["r1", "r2"].map((name) => ({ name, labels: { revision: name } })) },
    },
    {
      ...{ apiVersion: "networking.istio.io/v1", kind: "VirtualService", metadata },
      spec: {
        hosts: [host],
        tcp: [{ route: to("r1") }],
        tls: [
          { match: [{ sniHosts: ["other.example"] }], route: to("r1") },
          { match: [{ sniHosts: [host], sourceLabels: { app: "nobody" } }], route: to("r1") },
          { match: [{ sniHosts: [host], port: 5433 }], route: to("r2") },
        ],
      },
    },
  ];
  for (const object of objects) compiler.put(object);
  compiler.flush();
  compiler.addProxy({
    ...{ id: "web", role: "sidecar", ip: "127.0.0.9", namespace: "money", name: "web", labels: { app: "web" } },
    ...{ serviceAccount: "web", cluster: "", network: "", locality: { region: "", zone: "" } },
    metadata: { QUIPU_CALLEES: { [host]: "127.0.0.10" } },
  });
  const { listeners } = resourcesOf(compiler, "web");
  const ledger = listeners.find(({ name }) => name === "127.0.0.10_5433");
  expect(JSON.stringify(ledger)).toContain(`"cluster":"outbound|5433|r2|${host}"`);
});
