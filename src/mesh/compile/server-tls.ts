import { create } from "@bufbuild/protobuf";
import { TransportSocketSchema, type TransportSocket } from "#gen/envoy/config/core/v3/base_pb.ts";
import { DownstreamTlsContextSchema } from "#gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts";
import {
  SubjectAltNameMatcher_SanType,
  TlsParameters_TlsProtocol,
} from "#gen/envoy/extensions/transport_sockets/tls/v3/common_pb.ts";
import type { ServerTLSSettings } from "../../objects/istio.ts";
import { credentialSecret, identitySecret, rootSecret, workloadSecret, type IdentitySource } from "./config-source.ts";
import { duration } from "./duration.ts";
import { any } from "./encode.ts";
import type { MeshSettings } from "./mesh.ts";

function socket(value: ReturnType<typeof any>): TransportSocket {
  return create(TransportSocketSchema, {
    name: "envoy.transport_sockets.tls",
    configType: { case: "typedConfig", value },
  });
}

/** Who connects and then says nothing is let go. */
export const handshakeTimeout = duration("15s");

/** Mutual TLS of the mesh, as a server: the client must show a certificate of our root, for an identity of our trust domain. */
export function meshServer(
  http: boolean,
  { identitySource: source, trustDomain }: Pick<MeshSettings, "identitySource" | "trustDomain">,
): TransportSocket {
  return socket(
    any(DownstreamTlsContextSchema, {
      requireClientCertificate: true,
      commonTlsContext: {
        alpnProtocols: http ? ["h2", "http/1.1"] : ["istio-peer-exchange", "h2", "http/1.1"],
        tlsParams: { tlsMinimumProtocolVersion: TlsParameters_TlsProtocol.TLSv1_2 },
        tlsCertificateSdsSecretConfigs: [identitySecret(workloadSecret, source)],
        validationContextType: {
          case: "combinedValidationContext",
          value: {
            defaultValidationContext: {
              matchTypedSubjectAltNames: [
                {
                  sanType: SubjectAltNameMatcher_SanType.URI,
                  matcher: { matchPattern: { case: "prefix", value: `spiffe://${trustDomain}/` } },
                },
              ],
            },
            validationContextSdsSecretConfig: identitySecret(rootSecret, source),
          },
        },
      },
    }),
  );
}

const minimum: Record<string, TlsParameters_TlsProtocol> = {
  TLSV1_2: TlsParameters_TlsProtocol.TLSv1_2,
  TLSV1_3: TlsParameters_TlsProtocol.TLSv1_3,
};

/** A gateway's TLS: SIMPLE shows a certificate; MUTUAL wants one too (its root is the secret `NAME-cacert`). */
export function gatewayServer(tls: ServerTLSSettings, source: IdentitySource): TransportSocket {
  const name = `kubernetes://${tls.credentialName ?? ""}`;
  const mutual = tls.mode === "MUTUAL" || tls.mode === "OPTIONAL_MUTUAL";
  return socket(
    any(DownstreamTlsContextSchema, {
      requireClientCertificate: tls.mode === "MUTUAL" || tls.mode === "ISTIO_MUTUAL",
      commonTlsContext: {
        alpnProtocols: ["h2", "http/1.1"],
        tlsParams: {
          tlsMinimumProtocolVersion: minimum[tls.minProtocolVersion ?? ""] ?? TlsParameters_TlsProtocol.TLSv1_2,
        },
        tlsCertificateSdsSecretConfigs: [
          tls.mode === "ISTIO_MUTUAL" ? identitySecret(workloadSecret, source) : credentialSecret(name),
        ],
        ...(mutual
          ? {
              validationContextType: {
                case: "validationContextSdsSecretConfig",
                value: credentialSecret(`${name}-cacert`),
              },
            }
          : {}),
        ...(tls.mode === "ISTIO_MUTUAL"
          ? {
              validationContextType: {
                case: "validationContextSdsSecretConfig",
                value: identitySecret(rootSecret, source),
              },
            }
          : {}),
      },
    }),
  );
}
