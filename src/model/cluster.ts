import { Type } from "typebox";
import type { Static } from "typebox";
import { document } from "./metadata.ts";
import { HealingSpec } from "./healing.ts";
import { IstiodSpec } from "./istiod.ts";
import { closed, duration, oneOf, optional, PortNumber, quantity } from "./schema.ts";

const GatewayAddress = closed({
  address: Type.String({ minLength: 1, description: "IP address or DNS name that reaches the gateway." }),
  httpPort: optional(PortNumber),
  httpsPort: optional(PortNumber),
});

export const ClusterSpec = closed({
  region: Type.String({ minLength: 1, maxLength: 63, description: "Region, as in the locality of its endpoints." }),
  zone: optional(Type.String({ maxLength: 63, description: "Zone, when the cluster lies in one." })),
  provider: optional(
    oneOf(
      ["embedded", "kubernetes"],
      "embedded: processes on this machine. kubernetes: a cluster reached by its API. Default kubernetes.",
    ),
  ),
  connection: optional(
    closed(
      {
        kubeconfig: optional(
          closed(
            {
              context: Type.String({
                minLength: 1,
                maxLength: 253,
                description: "Context of it, as kubectl names it.",
              }),
              path: optional(
                Type.String({
                  pattern: "^/",
                  maxLength: 4096,
                  "x-expects": "an absolute path on the server's machine",
                  description: "File on the server's machine. Default: those of its KUBECONFIG, else ~/.kube/config.",
                }),
              ),
            },
            { description: "A kubeconfig that the server reads: the cluster joins as soon as this is applied." },
          ),
        ),
        agent: optional(Type.Boolean({ description: "The worker runs in the cluster and dials out to the server." })),
        uid: optional(
          Type.String({
            minLength: 1,
            maxLength: 128,
            description:
              "UID of the cluster's namespace kube-system: any other cluster is left alone. Default: that of the first cluster that was reached under this name.",
          }),
        ),
      },
      { description: "How the cluster is reached. Without it nothing is done there." },
    ),
  ),
  unprovenWait: optional(
    duration(
      "How long each step of a release waits where nobody can be asked what the proxies have. Default 15s; it must be longer than istiod gathers changes (its PILOT_DEBOUNCE_MAX, 10s by default) and needs to send them.",
      { minimum: "1s", maximum: "10m" },
    ),
  ),
  meshVersion: optional(
    Type.String({
      pattern: "^\\d+\\.\\d+(\\.\\d+)?$",
      "x-expects": "a version such as 1.31.1",
      description: "Version of Istio.",
    }),
  ),
  istiod: optional(IstiodSpec),
  healing: optional(HealingSpec),
  network: optional(
    Type.String({
      minLength: 1,
      maxLength: 63,
      description: "Clusters of one network reach each other's pods directly. Default: a network of its own.",
    }),
  ),
  trustDomain: optional(
    Type.String({
      pattern: "^[a-z0-9._-]+$",
      maxLength: 253,
      "x-expects": "lower-case letters, digits, '.', '-' and '_'",
      description:
        "Trust domain of its identities, as AuthorizationPolicies name it. Default: the mesh's own, whatever it is called.",
    }),
  ),
  gateways: optional(
    closed(
      { ingress: optional(GatewayAddress), eastWest: optional(GatewayAddress) },
      { description: "How its gateways are reached." },
    ),
  ),
  capacity: optional(
    closed(
      {
        cpu: optional(quantity("cpu", "Cores for apps.")),
        memory: optional(quantity("memory", "Memory for apps.")),
        pods: optional(Type.Integer({ minimum: 1, maximum: 1_000_000, description: "Most pods." })),
      },
      { description: "What it can carry." },
    ),
  ),
});
export const Cluster = document("Cluster", ClusterSpec, "A Kubernetes cluster with Istio, or an embedded one.");
export type Cluster = Static<typeof Cluster>;

/** The labels that selectors of clusters see: its own, and name, region and zone. */
export function clusterLabels(cluster: {
  metadata: Cluster["metadata"];
  spec: Pick<Cluster["spec"], "region" | "zone">;
}): Record<string, string> {
  const { region, zone } = cluster.spec;
  return { ...cluster.metadata.labels, name: cluster.metadata.name, region, ...(zone !== undefined && { zone }) };
}
