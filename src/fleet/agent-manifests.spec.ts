import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { agentManifests, agentRules, type PolicyRule } from "./agent-manifests.ts";
import { baseline } from "./bootstrap.ts";
import { appliedKinds } from "./order.ts";

/** What render and bootstrap make, as far as the golden cases show it. */
function madeKinds(): string[] {
  const golden = new URL("../render/golden/", import.meta.url);
  const rendered = readdirSync(golden, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => readFileSync(new URL(`${name}/out.yaml`, golden), "utf8").split("\n"))
    .flatMap((line) => /^kind: (\w+)$/.exec(line)?.[1] ?? []);
  return [...new Set([...rendered, ...baseline({ gatewayReplicas: 2 }).map(({ kind }) => kind)])].toSorted();
}

test("a worker watches the kinds that are made, and no others: an agent may do nothing to what it doesn't need", () => {
  expect(appliedKinds.toSorted()).toEqual(madeKinds());
});

test("the rules name each kind once, by its own group, with no more than is done to it", () => {
  const rules = agentRules();
  const verbsOf = (group: string, resource: string) =>
    rules
      .filter(({ apiGroups, resources }) => apiGroups.includes(group) && resources.includes(resource))
      .map(({ verbs }) => verbs);
  const all = ["get", "list", "watch", "create", "patch", "delete"];
  expect(verbsOf("", "namespaces")).toEqual([all]);
  expect(verbsOf("apps", "deployments")).toEqual([all]);
  expect(verbsOf("networking.istio.io", "virtualservices")).toEqual([all]);
  expect(verbsOf("", "pods")).toEqual([["list", "watch"]]);
  // Only to know that a namespace is empty before it is pruned.
  expect(verbsOf("", "secrets")).toEqual([["list"]]);
  expect(verbsOf("", "nodes")).toEqual([]);
  expect(JSON.stringify(rules)).not.toContain("*");
  const named = rules.flatMap(({ apiGroups, resources }) => resources.map((each) => `${apiGroups.join()}/${each}`));
  expect(named).toEqual([...new Set(named)]);
  expect(named.length).toBeGreaterThan(appliedKinds.length);
});

test("the token stands in a Secret alone, and the Deployment runs one agent without rights on its machine", () => {
  const objects = agentManifests({
    cluster: "lima",
    server: "https://quipu.example",
    image: "quipu:1",
    token: "t0ken",
  });
  expect(objects.map(({ kind }) => kind)).toEqual([
    "Namespace",
    "ServiceAccount",
    "Secret",
    "ClusterRole",
    "ClusterRoleBinding",
    "Deployment",
  ]);
  expect(objects.filter((object) => JSON.stringify(object).includes("t0ken")).map(({ kind }) => kind)).toEqual([
    "Secret",
  ]);
  const { spec } = objects.at(-1) as unknown as {
    spec: {
      replicas: number;
      strategy: object;
      template: { spec: { containers: { args: string[]; securityContext: object }[] } };
    };
  };
  expect(spec).toMatchObject({ replicas: 1, strategy: { type: "Recreate" } });
  const [container] = spec.template.spec.containers;
  expect(container!.args).toEqual([
    "agent",
    ...[
      "--cluster",
      "lima",
      "--server",
      "https://quipu.example",
      "--token-file",
      "/var/run/quipu/token",
      "--in-cluster",
    ],
  ]);
  expect(container!.securityContext).toMatchObject({ runAsNonRoot: true, readOnlyRootFilesystem: true });
});

test("the ClusterRole of docs/kubeconfigs.md: what an agent may do, and what the server asks for itself", () => {
  const text = readFileSync(new URL("../../docs/kubeconfigs.md", import.meta.url), "utf8");
  const { rules } = parse(/```yaml\n(apiVersion: rbac[^`]*)```/.exec(text)![1]!) as { rules: PolicyRule[] };
  const named = (of: readonly PolicyRule[]) =>
    of.flatMap(({ apiGroups, resources, verbs }) =>
      resources.flatMap((resource) => verbs.map((verb) => `${verb} ${[...apiGroups, resource].join("/")}`)),
    );
  expect(named(agentRules()).filter((each) => !named(rules).includes(each))).toEqual([]);
  expect(
    named(rules)
      .filter((each) => !named(agentRules()).includes(each))
      .toSorted(),
  ).toEqual(["get /pods", "get /pods/log", "get /pods/proxy", "list discovery.k8s.io/endpointslices"]);
});
