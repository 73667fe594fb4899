import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";
import { agentNeeds, agentRules, groupOf, type PolicyRule } from "../../src/fleet/agent-manifests.ts";
import { ClusterWorker } from "../../src/fleet/cluster-worker.ts";
import { DesiredObjects, objectKey } from "../../src/fleet/desired.ts";
import { eachAtMost } from "../../src/fleet/each-at-most.ts";
import { memoryLedger } from "../../src/fleet/ledger.ts";
import { appliedKinds } from "../../src/fleet/order.ts";
import { KubeClient } from "../../src/kube/kube-client.ts";
import { connectionFromKubeconfig } from "../../src/kube/kubeconfig.ts";
import { kinds, type KindName } from "../../src/objects/kinds.ts";
import type { KubeObject } from "../../src/objects/meta.ts";
import { eventually, patienceMs } from "../harness/eventually.ts";
import { sharedCluster } from "./support/shared-cluster.ts";

/** Everything that the rules allow is needed: without any one verb on any one resource the worker fails, and says so. */
const { kubeconfig, kubectl: program } = await sharedCluster();
const admin = connectionFromKubeconfig(readFileSync(kubeconfig, "utf8"));
const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "quipu-rules-"));
const namespaces: string[] = [];
const undo: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  const client = new KubeClient(admin);
  for (const name of namespaces) await client.delete(kinds.Namespace, { name });
  await client.close();
  for (const each of undo) await each();
  rmSync(folder, { recursive: true });
});

const workload = { selector: { matchLabels: { app: "a" } } };
const template = { metadata: { labels: { app: "a" } }, spec: { containers: [{ name: "a", image: "example/a:1" }] } };
const port = { number: 80, name: "http", protocol: "HTTP" };
/** The least of each kind that the API takes. */
const specs: Partial<Record<KindName, object>> = {
  Namespace: {},
  ServiceAccount: {},
  ConfigMap: { data: { a: "b" } },
  PeerAuthentication: { spec: { mtls: { mode: "STRICT" } } },
  AuthorizationPolicy: { spec: {} },
  RequestAuthentication: { spec: { jwtRules: [{ issuer: "a", jwks: "{}" }] } },
  Service: { spec: { ports: [{ port: 80, name: "http" }] } },
  ServiceEntry: { spec: { hosts: ["a.example"], ports: [port], resolution: "DNS" } },
  DestinationRule: { spec: { host: "a" } },
  EnvoyFilter: { spec: {} },
  Sidecar: { spec: { egress: [{ hosts: ["./*"] }] } },
  Deployment: { spec: { ...workload, replicas: 0, template } },
  HorizontalPodAutoscaler: {
    spec: { scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "a" }, minReplicas: 1, maxReplicas: 2 },
  },
  PodDisruptionBudget: { spec: { ...workload, minAvailable: 1 } },
  VirtualService: { spec: { hosts: ["a"], http: [{ route: [{ destination: { host: "a" } }] }] } },
  Gateway: { spec: { selector: { a: "b" }, servers: [{ hosts: ["a.example"], port }] } },
};

/** The agent's rules without one verb on one resource. */
function without(group: string, resource: string, verb: string): PolicyRule[] {
  return agentRules().flatMap((rule) => {
    if (!rule.apiGroups.includes(group) || !rule.resources.includes(resource) || !rule.verbs.includes(verb))
      return [rule];
    const others = rule.resources.filter((each) => each !== resource);
    const verbs = rule.verbs.filter((each) => each !== verb);
    return [
      ...(others.length > 0 ? [{ ...rule, resources: others }] : []),
      ...(verbs.length > 0 ? [{ ...rule, resources: [resource], verbs }] : []),
    ];
  });
}

/** Lets whoever has this name do what the rules say. */
function allowed(id: string, rules: PolicyRule[]): object[] {
  const rbac = { apiVersion: "rbac.authorization.k8s.io/v1", metadata: { name: id } };
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: id };
  return [
    { ...rbac, kind: "ClusterRole", rules },
    { ...rbac, kind: "ClusterRoleBinding", roleRef, subjects: [{ kind: "User", name: id }] },
  ];
}

interface Case {
  id: string;
  /** Made, changed and removed. */
  kind: KindName;
  rules: PolicyRule[];
}
/** All at once, which is much faster than one by one. */
async function allow(cases: readonly Case[]): Promise<void> {
  const file = join(folder, `rbac-${undo.length}.json`);
  const items = cases.flatMap(({ id, rules }) => allowed(id, rules));
  writeFileSync(file, JSON.stringify({ apiVersion: "v1", kind: "List", items }));
  const kubectl = (verb: string) => run(program, ["--kubeconfig", kubeconfig, verb, "-f", file]);
  await kubectl("create");
  undo.push(() => kubectl("delete"));
}

/** Makes, changes and removes an object of the kind; what the worker says goes wrong. */
async function trial({ id, kind }: Case): Promise<string | undefined> {
  const kube = new KubeClient({ ...admin, impersonate: { user: id } });
  const desired = new DesiredObjects();
  const namespace: KubeObject = { apiVersion: "v1", kind: "Namespace", metadata: { name: id } };
  const { apiVersion, namespaced } = kinds[kind];
  const object = (labels: Record<string, string>): KubeObject => ({
    ...{ apiVersion, kind, ...specs[kind] },
    metadata: { name: namespaced ? "a" : id, ...(namespaced && { namespace: id }), labels },
  });
  namespaces.push(id);
  const worker = new ClusterWorker({
    cluster: id,
    kube,
    desired,
    ledger: memoryLedger(),
    report: () => undefined,
    mayBeEmpty: () => true,
    backOff: { baseMs: 200, maxMs: 1000 },
  });
  worker.start();
  try {
    const steps = [
      { put: [...(kind === "Namespace" ? [] : [namespace]), object({})] },
      { put: [object({ step: "two" })] },
      { remove: [objectKey(object({}))] },
    ];
    for (const [at, step] of steps.entries()) {
      desired.change(at + 1, step);
      const problem = await eventually(
        () => {
          const { applied, error, trouble } = worker.seen();
          const wrong = error ?? trouble;
          if (wrong !== undefined && !/no answer|can't reach/.test(wrong)) return wrong;
          if (applied < at + 1 || worker.status().ageMs === Infinity)
            throw new Error(`${id}: step ${at} isn't applied yet`);
          return undefined;
        },
        patienceMs,
        20,
      );
      if (problem !== undefined) return problem;
    }
    return undefined;
  } finally {
    await worker.stop();
    await kube.close();
  }
}

test("with all of the rules each kind is made, changed and removed without a complaint", async () => {
  const cases = appliedKinds.map((kind): Case => ({ id: `all-${kinds[kind].plural}`, kind, rules: agentRules() }));
  await allow(cases);
  const complaints: string[] = [];
  await eachAtMost(cases, 4, async (each) => {
    const problem = await trial(each);
    if (problem !== undefined) complaints.push(`${each.id}: ${problem}`);
  });
  expect(complaints).toEqual([]);
});

test(
  "without any one verb on any one resource something fails, and says what is lacking",
  { timeout: 900_000 },
  async () => {
    const applied = new Set<string>(appliedKinds);
    const lacking = agentNeeds().flatMap(({ kind: resource, verbs }) =>
      verbs.map((verb) => ({
        // What isn't applied is looked for in a namespace that is to go.
        kind: (applied.has(resource.kind) ? resource.kind : "Namespace") as KindName,
        resource,
        verb,
      })),
    );
    const cases = lacking.map(({ kind, resource, verb }) => ({
      id: `no-${verb}-${resource.plural}`,
      kind,
      rules: without(groupOf(resource), resource.plural, verb),
      wanted: new RegExp(
        `cannot ${verb} resource "${resource.plural}" in API group "${groupOf(resource)}".*bind that user to a ClusterRole`,
      ),
    }));
    await allow(cases);
    const unexpected: string[] = [];
    await eachAtMost(cases, 6, async ({ wanted, ...each }) => {
      const problem = await trial(each);
      if (problem === undefined || !wanted.test(problem)) unexpected.push(`${each.id}: ${problem}`);
    });
    expect(unexpected).toEqual([]);
  },
);
