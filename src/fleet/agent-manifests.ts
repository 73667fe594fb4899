/** What an agent needs in its cluster: who it is, what it may do there, and the Deployment that runs it. Pure. */
import { kinds, type Kind } from "../objects/kinds.ts";
import type { KubeObject } from "../objects/meta.ts";
import { systemNamespace } from "../render/names.ts";
import { lookedThrough } from "./looked-through.ts";
import { appliedKinds } from "./order.ts";

export interface PolicyRule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
}

/**
 * Exactly what the worker does: a kind that it applies it lists and watches, looks up before it writes it for the first
 * time, applies (which Kubernetes takes for a patch, and for a creation where there was none), and prunes. Of pods it
 * counts the ready ones. A namespace it prunes only when nothing is left in it, for which it must be able to list whatever
 * may be there. Segments are namespaces that come and go, so that all of it counts in the whole cluster.
 */
export function agentNeeds(): { kind: Kind; verbs: readonly string[] }[] {
  const applied = appliedKinds.map((name): Kind => kinds[name]);
  const others = lookedThrough.filter((kind) => kind !== kinds.Pod && !applied.includes(kind));
  return [
    ...applied.map((kind) => ({ kind, verbs: ["get", "list", "watch", "create", "patch", "delete"] })),
    { kind: kinds.Pod, verbs: ["list", "watch"] },
    ...others.map((kind) => ({ kind, verbs: ["list"] })),
  ];
}

/** The same as rules: a resource stands in one of them. */
export function agentRules(): PolicyRule[] {
  const rules = new Map<string, PolicyRule>();
  for (const { kind, verbs } of agentNeeds()) {
    const group = groupOf(kind);
    const rule = rules.get(`${group}/${verbs.join()}`) ?? { apiGroups: [group], resources: [], verbs: [...verbs] };
    rule.resources.push(kind.plural);
    rules.set(`${group}/${verbs.join()}`, rule);
  }
  return [...rules.values()];
}

export function groupOf({ apiVersion }: Pick<Kind, "apiVersion">): string {
  return apiVersion.includes("/") ? apiVersion.split("/")[0]! : "";
}

export interface AgentManifestsOptions {
  cluster: string;
  /** URL of the server, as the cluster reaches it. */
  server: string;
  /** In which `quipu` runs. */
  image: string;
  /** The agent's secret. */
  token: string;
  /** PEM of the authority that the server's certificate comes from, where the system doesn't know it. */
  ca?: string;
}

const name = "quipu-agent";
const labels = { app: name };
const folder = "/var/run/quipu";

/** In the order in which they are to be applied. */
export function agentManifests({ cluster, server, image, token, ca }: AgentManifestsOptions): KubeObject[] {
  const metadata = { name, namespace: systemNamespace, labels };
  const deployment = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata,
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      // Never two: the one that dials in last stops the other.
      strategy: { type: "Recreate" },
      template: {
        metadata: { labels: { ...labels, "sidecar.istio.io/inject": "false" } },
        spec: {
          serviceAccountName: name,
          containers: [
            {
              name: "agent",
              image,
              args: [
                "agent",
                ...["--cluster", cluster],
                ...["--server", server],
                ...["--token-file", `${folder}/token`],
                ...(ca === undefined ? [] : ["--ca-file", `${folder}/ca.crt`]),
                "--in-cluster",
              ],
              resources: { requests: { cpu: "50m", memory: "128Mi" }, limits: { memory: "512Mi" } },
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                runAsNonRoot: true,
                runAsUser: 65532,
                capabilities: { drop: ["ALL"] },
                seccompProfile: { type: "RuntimeDefault" },
              },
              volumeMounts: [{ name: "server", mountPath: folder, readOnly: true }],
            },
          ],
          volumes: [{ name: "server", secret: { secretName: name } }],
        },
      },
    },
  };
  return [
    {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: systemNamespace, labels: { "istio-injection": "disabled" } },
    },
    { apiVersion: "v1", kind: "ServiceAccount", metadata },
    { apiVersion: "v1", kind: "Secret", metadata, stringData: { token, ...(ca !== undefined && { "ca.crt": ca }) } },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name, labels },
      rules: agentRules(),
    },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name, labels },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name },
      subjects: [{ kind: "ServiceAccount", name, namespace: systemNamespace }],
    },
    deployment,
  ] as KubeObject[];
}
