import type { Cluster } from "#gen/envoy/config/cluster/v3/cluster_pb.ts";
import type { TransportSocket } from "#gen/envoy/config/core/v3/base_pb.ts";
import {
  UpstreamTlsContextSchema,
  type CommonTlsContext,
  type UpstreamTlsContext,
} from "#gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts";
import type { SubjectAltNameMatcher } from "#gen/envoy/extensions/transport_sockets/tls/v3/common_pb.ts";
import type { Host } from "./endpoints.ts";
import { unpack } from "./open-proxy.ts";
import { matchesText } from "./text-match.ts";

/** How a cluster connects to a host: the first transport socket whose match its metadata meets, else the cluster's own. */
function socketFor(cluster: Cluster, host: Host): TransportSocket | undefined {
  const facts = host.metadata?.filterMetadata["envoy.transport_socket_match"] ?? {};
  const matched = cluster.transportSocketMatches.find(({ match }) =>
    Object.entries(match ?? {}).every(([key, value]) => facts[key] === value),
  );
  return matched?.transportSocket ?? cluster.transportSocket;
}

/** The client's TLS towards a host; undefined: plain text. */
export function tlsTo(cluster: Cluster, host: Host): UpstreamTlsContext | undefined {
  const socket = socketFor(cluster, host);
  return socket?.configType.case === "typedConfig"
    ? unpack(UpstreamTlsContextSchema, socket.configType.value)
    : undefined;
}

/** Whether it shows a certificate of its own. */
export function showsCertificate(tls: UpstreamTlsContext): boolean {
  const common = tls.commonTlsContext;
  return (common?.tlsCertificateSdsSecretConfigs.length ?? 0) + (common?.tlsCertificates.length ?? 0) > 0;
}

/** Whether it accepts a server of this identity. */
export function accepts(tls: UpstreamTlsContext, identity: string): boolean {
  const names = namesOf(tls.commonTlsContext);
  return names.length === 0 || names.some(({ matcher }) => matcher !== undefined && matchesText(matcher, identity));
}

/** The identities that it accepts, in words. */
export function acceptedWords(tls: UpstreamTlsContext): string {
  return namesOf(tls.commonTlsContext)
    .map(
      ({ matcher }) =>
        `${matcher?.matchPattern.case === "prefix" ? "anything that begins with " : ""}${String(matcher?.matchPattern.value)}`,
    )
    .join(" or ");
}

function namesOf(common: CommonTlsContext | undefined): SubjectAltNameMatcher[] {
  const context = common?.validationContextType;
  if (context?.case === "combinedValidationContext")
    return context.value.defaultValidationContext?.matchTypedSubjectAltNames ?? [];
  return context?.case === "validationContext" ? context.value.matchTypedSubjectAltNames : [];
}
