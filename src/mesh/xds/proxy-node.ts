import type { TokenIdentity } from "../identity/token-review.ts";
import type { Proxy } from "../resource.ts";
import type { DiscoveryNode } from "./delta-request.ts";
import { GrpcError, grpcStatus } from "./grpc-status.ts";

const accepted = "<sidecar or router>~<IP>~<pod>.<namespace>~<domain>";

/**
 * The proxy that a stream speaks for. Who it is comes from the token alone; the node must not contradict it. Addresses
 * and labels come from the node. Throws a GrpcError (PERMISSION_DENIED, INVALID_ARGUMENT).
 *
 * `podIp` is the pod's address as the Kubernetes API knows it, if it knows one: nobody gets listeners for another's address.
 */
export function proxyOf(node: DiscoveryNode, token: TokenIdentity, podIp: string | undefined): Proxy {
  const [role, ip, workload, , ...rest] = node.id.split("~");
  if ((role !== "sidecar" && role !== "router") || !ip || !workload || rest.length > 0) {
    throw new GrpcError(grpcStatus.invalidArgument, `node.id is ${JSON.stringify(node.id)}; ${accepted} is accepted`);
  }
  const expected = `${token.podName}.${token.namespace}`;
  if (workload !== expected) {
    throw new GrpcError(
      grpcStatus.permissionDenied,
      `the token is bound to pod ${expected}, but node.id claims to be ${workload}`,
    );
  }
  if (podIp !== undefined && podIp !== ip) {
    throw new GrpcError(
      grpcStatus.permissionDenied,
      `pod ${expected} has the address ${podIp}, but node.id claims ${ip}`,
    );
  }
  const { metadata } = node;
  return {
    id: node.id,
    role,
    ip,
    namespace: token.namespace,
    name: token.podName,
    serviceAccount: token.serviceAccount,
    labels: textMap(metadata["LABELS"]),
    cluster: text(metadata["CLUSTER_ID"]),
    network: text(metadata["NETWORK"]),
    locality: node.locality,
    metadata,
  };
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
