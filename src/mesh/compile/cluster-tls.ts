import { create } from "@bufbuild/protobuf";
import type { ClusterSchema } from "#gen/envoy/config/cluster/v3/cluster_pb.ts";
import { TransportSocketSchema, type TransportSocket } from "#gen/envoy/config/core/v3/base_pb.ts";
import { RawBufferSchema } from "#gen/envoy/extensions/transport_sockets/raw_buffer/v3/raw_buffer_pb.ts";
import {
  SubjectAltNameMatcher_SanType,
  TlsParameters_TlsProtocol,
} from "#gen/envoy/extensions/transport_sockets/tls/v3/common_pb.ts";
import {
  CommonTlsContextSchema,
  UpstreamTlsContextSchema,
} from "#gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts";
import type { ClientTLSSettings } from "../../objects/istio.ts";
import { credentialSecret, identitySecret, rootSecret, workloadSecret, type IdentitySource } from "./config-source.ts";
import { any, type Init } from "./encode.ts";

export type TlsMode = "auto" | "DISABLE" | "SIMPLE" | "MUTUAL" | "ISTIO_MUTUAL";

export interface ClientTls {
  mode: TlsMode;
  settings: ClientTLSSettings | undefined;
  /** File with the roots that the system trusts. */
  systemRoots: string;
  identitySource: IdentitySource;
  http: boolean;
  http2: boolean;
  sni: string;
  /** Identities that the server must have: whole SPIFFE URIs. */
  identities: readonly string[];
  /** When no identity is known yet: every identity must begin so. */
  identityPrefix: string;
}

type Sockets = Pick<Init<typeof ClusterSchema>, "transportSocket" | "transportSocketMatches">;

/** How a client's proxy connects: as its DestinationRule says, else by automatic mutual TLS, decided for each endpoint by its metadata. */
export function transportSockets(tls: ClientTls): Sockets {
  switch (tls.mode) {
    case "DISABLE":
      return {};
    case "ISTIO_MUTUAL":
      return { transportSocket: mutual(tls) };
    case "SIMPLE":
    case "MUTUAL":
      return { transportSocket: outside(tls) };
    case "auto":
      return {
        transportSocketMatches: [
          { name: "tlsMode-istio", match: { tlsMode: "istio" }, transportSocket: mutual(tls) },
          { name: "tlsMode-disabled", match: {}, transportSocket: plaintext() },
        ],
      };
  }
}

/** As a client Envoy itself goes up to TLS 1.2 only. */
const tlsParams = {
  tlsMinimumProtocolVersion: TlsParameters_TlsProtocol.TLSv1_2,
  tlsMaximumProtocolVersion: TlsParameters_TlsProtocol.TLSv1_3,
};

/** Between sidecars: our own certificate and root, the callee's identity checked. `istio` in ALPN tells a permissive server that this is the mesh. */
function mutual(tls: ClientTls): TransportSocket {
  const { identities, identityPrefix, identitySource, http, http2 } = tls;
  const names = tls.settings?.subjectAltNames?.length ? tls.settings.subjectAltNames : identities;
  const patterns =
    names.length > 0
      ? names.map((exact) => ({ case: "exact" as const, value: exact }))
      : [{ case: "prefix" as const, value: identityPrefix }];
  return tlsSocket(
    any(UpstreamTlsContextSchema, {
      sni: tls.settings?.sni ?? tls.sni,
      commonTlsContext: create(CommonTlsContextSchema, {
        tlsParams,
        // `h2` only from who speaks it: a server believes it, and a request in HTTP/1 would be nothing to it.
        alpnProtocols: http ? ["istio", ...(http2 ? ["h2"] : [])] : ["istio-peer-exchange", "istio"],
        tlsCertificateSdsSecretConfigs: [identitySecret(workloadSecret, identitySource)],
        validationContextType: {
          case: "combinedValidationContext",
          value: {
            defaultValidationContext: {
              matchTypedSubjectAltNames: patterns.map((matchPattern) => ({
                sanType: SubjectAltNameMatcher_SanType.URI,
                matcher: { matchPattern },
              })),
            },
            validationContextSdsSecretConfig: identitySecret(rootSecret, identitySource),
          },
        },
      }),
    }),
  );
}

/** To a server outside the mesh. Without named roots the system's are used; the name is checked either way. */
function outside({ settings = { mode: "SIMPLE" }, mode, http2, sni, systemRoots }: ClientTls): TransportSocket {
  const { credentialName, caCertificates, subjectAltNames = [], insecureSkipVerify } = settings;
  const host = settings.sni ?? sni;
  const names = (subjectAltNames.length > 0 ? subjectAltNames : host === "" ? [] : [host]).map((value) => ({
    sanType: SubjectAltNameMatcher_SanType.DNS,
    matcher: { matchPattern: { case: "exact" as const, value } },
  }));
  const trustedCa = {
    specifier: {
      case: "filename" as const,
      value: caCertificates === undefined || caCertificates === "system" ? systemRoots : caCertificates,
    },
  };
  return tlsSocket(
    any(UpstreamTlsContextSchema, {
      sni: host,
      commonTlsContext: create(CommonTlsContextSchema, {
        tlsParams,
        alpnProtocols: http2 ? ["h2"] : [],
        ...(mode === "MUTUAL" && credentialName !== undefined
          ? { tlsCertificateSdsSecretConfigs: [credentialSecret(`kubernetes://${credentialName}`)] }
          : {}),
        ...(insecureSkipVerify === true
          ? {}
          : credentialName !== undefined
            ? {
                validationContextType: {
                  case: "combinedValidationContext" as const,
                  value: {
                    defaultValidationContext: { matchTypedSubjectAltNames: names },
                    validationContextSdsSecretConfig: credentialSecret(`kubernetes://${credentialName}-cacert`),
                  },
                },
              }
            : {
                validationContextType: {
                  case: "validationContext" as const,
                  value: { trustedCa, matchTypedSubjectAltNames: names },
                },
              }),
      }),
    }),
  );
}

function tlsSocket(value: ReturnType<typeof any>): TransportSocket {
  return create(TransportSocketSchema, {
    name: "envoy.transport_sockets.tls",
    configType: { case: "typedConfig", value },
  });
}

export function plaintext(): TransportSocket {
  return create(TransportSocketSchema, {
    name: "envoy.transport_sockets.raw_buffer",
    configType: { case: "typedConfig", value: any(RawBufferSchema, {}) },
  });
}
