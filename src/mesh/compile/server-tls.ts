import { create } from "@bufbuild/protobuf";
import { TransportSocketSchema, type TransportSocket } from "#gen/envoy/config/core/v3/base_pb.ts";
import { DownstreamTlsContextSchema } from "#gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts";
import { TlsParameters_TlsProtocol } from "#gen/envoy/extensions/transport_sockets/tls/v3/common_pb.ts";
import type { ServerTLSSettings } from "../../objects/istio.ts";
import { rootSecret, secret, workloadSecret } from "./config-source.ts";
import { any } from "./encode.ts";

function socket(value: ReturnType<typeof any>): TransportSocket {
  return create(TransportSocketSchema, {
    name: "envoy.transport_sockets.tls",
    configType: { case: "typedConfig", value },
  });
}

/** Mutual TLS of the mesh, as a server: the client must show a certificate of our root. */
export function meshServer(http: boolean): TransportSocket {
  return socket(
    any(DownstreamTlsContextSchema, {
      requireClientCertificate: true,
      commonTlsContext: {
        alpnProtocols: http ? ["h2", "http/1.1"] : ["istio-peer-exchange", "h2", "http/1.1"],
        tlsParams: { tlsMinimumProtocolVersion: TlsParameters_TlsProtocol.TLSv1_2 },
        tlsCertificateSdsSecretConfigs: [secret(workloadSecret)],
        validationContextType: {
          case: "combinedValidationContext",
          value: { defaultValidationContext: {}, validationContextSdsSecretConfig: secret(rootSecret) },
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
export function gatewayServer(tls: ServerTLSSettings): TransportSocket {
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
        tlsCertificateSdsSecretConfigs: [secret(tls.mode === "ISTIO_MUTUAL" ? workloadSecret : name)],
        ...(mutual
          ? { validationContextType: { case: "validationContextSdsSecretConfig", value: secret(`${name}-cacert`) } }
          : {}),
        ...(tls.mode === "ISTIO_MUTUAL"
          ? { validationContextType: { case: "validationContextSdsSecretConfig", value: secret(rootSecret) } }
          : {}),
      },
    }),
  );
}
