/**
 * What every cluster has before any app: the objects that Istio itself leaves to its operator. Pure. The worker applies
 * them like all others, so that they are healed when somebody changes them.
 */
import type { Deployment, PodDisruptionBudget, Service } from "../objects/core.ts";
import type { AuthorizationPolicy, PeerAuthentication, Sidecar } from "../objects/istio.ts";
import type { KubeObject } from "../objects/meta.ts";
import {
  allowNothing,
  gatewaySelector,
  gatewayServiceAccount,
  head,
  rateLimitPort,
  rootNamespace,
  systemNamespace,
} from "../render/names.ts";

export interface BaselineOptions {
  /** Of the ingress gateway. Default 1; production wants 2 or more, which then get a PodDisruptionBudget. */
  gatewayReplicas?: number;
  /** Istio's name of the cluster's network; absent: not said. */
  network?: string;
  /** How the outside reaches the gateway. Default ClusterIP, for embedded clusters have no load balancers. */
  gatewayServiceType?: "ClusterIP" | "NodePort" | "LoadBalancer";
}

/** In no particular order. */
export function baseline(options: BaselineOptions = {}): KubeObject[] {
  const { gatewayReplicas = 1, network } = options;
  return [
    // Without the injection label: gateways ask for their proxy themselves.
    head("Namespace", "", rootNamespace, network === undefined ? {} : { "topology.istio.io/network": network }),
    head("Namespace", "", systemNamespace, { "istio-injection": "disabled" }),
    meshWideMutualTls(),
    rootSidecar(),
    nothingInQuipuSystem(),
    rateLimitService(),
    head("ServiceAccount", rootNamespace, gatewayServiceAccount, gatewayLabels),
    gatewayService(options.gatewayServiceType ?? "ClusterIP"),
    gatewayDeployment(gatewayReplicas),
    ...(gatewayReplicas > 1 ? [gatewayBudget()] : []),
  ];
}

const gatewayLabels = { app: gatewayServiceAccount, ...gatewaySelector };

/** A PeerAuthentication without selector in the root namespace counts for the whole mesh (Istio reference, PeerAuthentication). */
function meshWideMutualTls(): PeerAuthentication {
  return { ...head("PeerAuthentication", rootNamespace, "default"), spec: { mtls: { mode: "STRICT" } } };
}

/**
 * The scope of a workload that has no Sidecar of its own: its own namespace, and nothing outside the mesh (Istio
 * reference, Sidecar: one without selector in the root namespace is the default of all namespaces).
 */
function rootSidecar(): Sidecar {
  return {
    ...head("Sidecar", rootNamespace, "default"),
    spec: { egress: [{ hosts: ["./*"] }], outboundTrafficPolicy: { mode: "REGISTRY_ONLY" } },
  };
}

/**
 * Segments get theirs from what is in force. There is none in the root namespace: it would count for the ingress
 * gateway too, and the policy that opens that again would also open what an exposed path's own rules close.
 */
function nothingInQuipuSystem(): AuthorizationPolicy {
  return { ...head("AuthorizationPolicy", systemNamespace, allowNothing), spec: { rules: [] } };
}

/** Without selector: whoever runs the rate-limit service gives it its endpoints (an embedded cluster: its mesh process). */
function rateLimitService(): Service {
  return {
    ...head("Service", systemNamespace, "ratelimit"),
    spec: {
      ports: [
        {
          name: "grpc-ratelimit",
          port: rateLimitPort,
          targetPort: rateLimitPort,
          protocol: "TCP",
          appProtocol: "grpc",
        },
      ],
    },
  };
}

function gatewayService(type: "ClusterIP" | "NodePort" | "LoadBalancer"): Service {
  return {
    ...head("Service", rootNamespace, gatewayServiceAccount, gatewayLabels),
    spec: {
      type,
      selector: gatewaySelector,
      ports: [
        { name: "http2", port: 80, targetPort: 8080, protocol: "TCP" },
        { name: "https", port: 443, targetPort: 8443, protocol: "TCP" },
      ],
    },
  };
}

/** Istio's webhook puts in the proxy, by the template `gateway` (Istio, "Installing Gateways"). */
function gatewayDeployment(replicas: number): Deployment {
  return {
    ...head("Deployment", rootNamespace, gatewayServiceAccount, gatewayLabels),
    spec: {
      replicas,
      selector: { matchLabels: gatewayLabels },
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: {
        metadata: {
          labels: { ...gatewayLabels, "sidecar.istio.io/inject": "true", "quipu.dev/managed": "true" },
          annotations: { "inject.istio.io/templates": "gateway" },
        },
        spec: {
          serviceAccountName: gatewayServiceAccount,
          terminationGracePeriodSeconds: 30,
          containers: [
            {
              name: "istio-proxy",
              // Replaced by the webhook.
              image: "auto",
              ports: [
                { name: "http2", containerPort: 8080, protocol: "TCP" },
                { name: "https", containerPort: 8443, protocol: "TCP" },
              ],
              resources: { requests: { cpu: "100m", memory: "128Mi" } },
            },
          ],
        },
      },
    },
  };
}

function gatewayBudget(): PodDisruptionBudget {
  return {
    ...head("PodDisruptionBudget", rootNamespace, gatewayServiceAccount, gatewayLabels),
    spec: { minAvailable: 1, selector: { matchLabels: gatewayLabels } },
  };
}
