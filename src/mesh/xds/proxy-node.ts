import { isDeepStrictEqual } from "node:util";
import type { Pod } from "../../objects/core.ts";
import type { TokenIdentity } from "../identity/token-review.ts";
import type { Proxy } from "../resource.ts";
import type { DiscoveryNode } from "./delta-request.ts";
import { GrpcError, grpcStatus } from "./grpc-status.ts";
import type { GrpcStatus } from "./grpc-status.ts";

const accepted = "<sidecar or router>~<IP>~<pod>.<namespace>~<domain>";

/** What the Kubernetes API knows of a pod; whatever is absent it doesn't know. */
export interface KnownPod {
  readonly uid?: string | undefined;
  readonly ip?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly serviceAccount?: string | undefined;
  /** Its only process is a gateway's Envoy. */
  readonly gateway: boolean;
}

export function knownPod({ metadata, spec, status }: Pod): KnownPod {
  const templates = metadata.annotations?.["inject.istio.io/templates"] ?? "";
  return {
    uid: metadata.uid,
    ip: status?.podIP,
    labels: metadata.labels ?? {},
    serviceAccount: spec?.serviceAccountName ?? "default",
    gateway: templates.split(",").some((template) => template.trim() === "gateway"),
  };
}

/**
 * The proxy that a stream speaks for. Who it is comes from the token alone, what it is (labels, gateway or not) from the
 * Pod that the token names: nobody becomes a gateway, or another workload, by saying so. The node must not contradict
 * either; addresses and locality come from it, and for a process without a Pod the labels, too.
 * Throws a GrpcError (PERMISSION_DENIED, INVALID_ARGUMENT; UNAVAILABLE: the Pod that the token names isn't known yet).
 */
export function proxyOf(node: DiscoveryNode, token: TokenIdentity, pod: KnownPod | undefined): Proxy {
  const [role, ip, workload, , ...rest] = node.id.split("~");
  if ((role !== "sidecar" && role !== "router") || !ip || !workload || rest.length > 0) {
    throw new GrpcError(grpcStatus.invalidArgument, `node.id is ${JSON.stringify(node.id)}; ${accepted} is accepted`);
  }
  const expected = `${token.podName}.${token.namespace}`;
  const refuse = (status: GrpcStatus, reason: string): never => {
    throw new GrpcError(status, reason);
  };
  if (workload !== expected)
    refuse(grpcStatus.permissionDenied, `the token is bound to pod ${expected}, but node.id claims to be ${workload}`);
  if (pod?.uid !== undefined && pod.uid !== token.podUid)
    refuse(grpcStatus.unavailable, `the token is bound to another pod ${expected} than the one known here`);
  if (pod?.ip !== undefined && pod.ip !== ip)
    refuse(grpcStatus.permissionDenied, `pod ${expected} has the address ${pod.ip}, but node.id claims ${ip}`);
  if (role === "router" && pod === undefined)
    refuse(grpcStatus.unavailable, `node.id claims to be a gateway, and no pod ${expected} is known here yet`);
  if (role === "router" && pod?.gateway !== true)
    refuse(grpcStatus.permissionDenied, `node.id claims to be a gateway, but pod ${expected} is none`);
  const { metadata } = node;
  return {
    id: node.id,
    role,
    ip,
    namespace: token.namespace,
    name: token.podName,
    serviceAccount: token.serviceAccount,
    labels: pod?.labels ?? textMap(metadata["LABELS"]),
    cluster: text(metadata["CLUSTER_ID"]),
    network: text(metadata["NETWORK"]),
    locality: node.locality,
    metadata,
  };
}

/**
 * Who a node that proves nothing says it is: the pod of its id, with that pod's service account where the Kubernetes API
 * knows one, else the metadata's `SERVICE_ACCOUNT`. Throws a GrpcError (INVALID_ARGUMENT).
 */
export function claimedIdentity(
  { id, metadata }: DiscoveryNode,
  pod: (namespace: string, name: string) => KnownPod | undefined,
): TokenIdentity {
  const [, podName, namespace] = /^[^~]*~[^~]*~([^~]+)\.([^~.]+)~/.exec(id) ?? [];
  if (podName === undefined || namespace === undefined)
    throw new GrpcError(grpcStatus.invalidArgument, `node.id is ${JSON.stringify(id)}; ${accepted} is accepted`);
  const known = pod(namespace, podName);
  const serviceAccount = known?.serviceAccount ?? (text(metadata["SERVICE_ACCOUNT"]) || "default");
  return { namespace, podName, serviceAccount, podUid: known?.uid ?? `no pod ${namespace}/${podName}` };
}

/** Why a connected proxy may no longer be served as it is, now that its Pod is this one. Undefined: it may. */
export function outdated(proxy: Proxy, podUid: string, pod: KnownPod): string | undefined {
  if (pod.uid !== undefined && pod.uid !== podUid) return "its pod was replaced by another of the same name";
  if (pod.ip !== undefined && pod.ip !== proxy.ip) return `its pod has the address ${pod.ip}`;
  if (proxy.role === "router" && !pod.gateway) return "its pod is no gateway";
  return pod.labels === undefined || isDeepStrictEqual(pod.labels, proxy.labels) ? undefined : "its labels changed";
}

/** The token of `authorization: Bearer TOKEN`. Throws a GrpcError (UNAUTHENTICATED). */
export function bearerToken(header: string | undefined): string {
  const found = /^bearer +(\S+)$/i.exec(header ?? "")?.[1];
  if (found) return found;
  throw new GrpcError(grpcStatus.unauthenticated, "the stream carries no `authorization: Bearer <pod token>`");
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function textMap(value: unknown): Record<string, string> {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}
