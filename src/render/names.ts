import { kinds, type KindName } from "../objects/kinds.ts";
import type { KubeObject } from "../objects/meta.ts";

/** Names that rooms share; see ARCHITECTURE.md. */
export const rootNamespace = "istio-system";
export const systemNamespace = "quipu-system";
export const gatewayServiceAccount = "istio-ingressgateway";
export const gatewaySelector = { istio: "ingressgateway" };
export const rateLimitHost = `ratelimit.${systemNamespace}.svc.cluster.local`;
export const rateLimitPort = 8081;
export const revisionLabel = "quipu.dev/revision";
export const managedLabel = "quipu.dev/managed";
export const callsAnnotation = "quipu.dev/calls";
export const allowNothing = "allow-nothing";

export function serviceHost(app: string, segment: string): string {
  return `${app}.${segment}.svc.cluster.local`;
}

/** As Istio writes a SPIFFE identity in policies: without the scheme. */
export function principal(trustDomain: string, namespace: string, serviceAccount: string): string {
  return `${trustDomain}/ns/${namespace}/sa/${serviceAccount}`;
}

/** Milliseconds as protobuf's JSON writes a duration, the form that Istio and Envoy both read: 800 → `0.8s`. */
export function seconds(ms: number): string {
  return `${ms / 1000}s`;
}

/** An object of ours, without its spec. */
export function head(
  kind: KindName,
  namespace: string,
  name: string,
  labels: Record<string, string> = {},
): Pick<KubeObject, "apiVersion" | "kind" | "metadata"> {
  return {
    apiVersion: kinds[kind].apiVersion,
    kind,
    metadata: { name, ...(namespace !== "" && { namespace }), labels: { ...labels, [managedLabel]: "true" } },
  };
}

/** r2 before r10. */
export function byRevision(a: string, b: string): number {
  return Number(a.slice(1)) - Number(b.slice(1)) || (a < b ? -1 : 1);
}

export function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
