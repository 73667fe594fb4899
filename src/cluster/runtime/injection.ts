import type { Namespace, Pod } from "../../objects/core.ts";
import { sidecarName } from "./allocation.ts";

/** A gateway's pod: its only process is Envoy. */
export function isGateway(pod: Pod): boolean {
  return pod.metadata.annotations?.["inject.istio.io/templates"] === "gateway";
}

/**
 * Whether a pod gets a sidecar, by Istio's own rule ("Automatic sidecar injection"): the pod's label
 * `sidecar.istio.io/inject` decides where it is given, else the namespace's `istio-injection` or `istio.io/rev`.
 */
export function wantsSidecar(pod: Pod, namespace: Namespace | undefined): boolean {
  if (isGateway(pod)) return true;
  const own = pod.metadata.labels?.["sidecar.istio.io/inject"] ?? pod.metadata.annotations?.["sidecar.istio.io/inject"];
  if (own !== undefined) return own === "true";
  const labels = namespace?.metadata.labels;
  if (labels?.["istio-injection"] !== undefined) return labels["istio-injection"] === "enabled";
  return labels?.["istio.io/rev"] !== undefined;
}

/** The pod with the container that stands for its sidecar, as Istio's webhook adds it. */
export function withSidecar(pod: Pod, image: string): Pod {
  if (pod.spec === undefined || pod.spec.containers.some((container) => container.name === sidecarName)) return pod;
  const first = pod.spec.containers[0]?.name;
  const container = {
    name: sidecarName,
    image,
    ports: [{ name: "http-envoy-prom", containerPort: 15090, protocol: "TCP" as const }],
  };
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      annotations: {
        ...pod.metadata.annotations,
        "sidecar.istio.io/status": JSON.stringify({ containers: [sidecarName] }),
        ...(first !== undefined && { "kubectl.kubernetes.io/default-container": first }),
      },
    },
    spec: { ...pod.spec, containers: [...pod.spec.containers, container] },
  };
}
