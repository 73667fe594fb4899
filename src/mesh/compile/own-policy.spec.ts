import { expect, it } from "vitest";
import { createMeshCompiler } from "./compiler.ts";
import { registry } from "./testing/registry.ts";
import { decode } from "./testing/resources.ts";

it("a policy holds for the one replica that it selects by a label of its own", () => {
  const compiler = createMeshCompiler({
    registry,
    onError: (error) => {
      throw new Error(JSON.stringify(error));
    },
  });
  const own = (name: string) => ({ "statefulset.kubernetes.io/pod-name": name });
  compiler.put({
    ...{ apiVersion: "security.istio.io/v1", kind: "AuthorizationPolicy", metadata: { name: "d", namespace: "ns" } },
    spec: { selector: { matchLabels: own("db-0") }, action: "DENY", rules: [{}] },
  });
  const listener = (name: string, ip: string): string => {
    compiler.addProxy({
      ...{ id: name, role: "sidecar", ip, namespace: "ns", name, labels: { app: "db", ...own(name) } },
      ...{ serviceAccount: "db", cluster: "", network: "", locality: { region: "", zone: "" } },
      metadata: { QUIPU_APP_PORTS: { 8080: 20_001 } },
    });
    return JSON.stringify(decode(compiler.snapshot(name).listeners.get(`${ip}_8080`)!));
  };
  expect(listener("db-0", "127.0.0.8")).toContain(".rbac");
  expect(listener("db-1", "127.0.0.9")).not.toContain(".rbac");
});
