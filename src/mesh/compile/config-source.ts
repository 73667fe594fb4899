import { create } from "@bufbuild/protobuf";
import {
  ApiConfigSource_ApiType,
  ApiVersion,
  ConfigSourceSchema,
  type ConfigSource,
} from "#gen/envoy/config/core/v3/config_source_pb.ts";
import { SdsSecretConfigSchema } from "#gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts";
import { milliseconds } from "./duration.ts";

/** Everything comes over the one aggregated stream. No initial timeout: a resource is waited for, not served half. */
export function ads() {
  return create(ConfigSourceSchema, {
    configSourceSpecifier: { case: "ads", value: {} },
    resourceApiVersion: ApiVersion.V3,
    initialFetchTimeout: milliseconds(0),
  });
}

/**
 * Where proxies get their own certificate and their roots: over their stream (`ads`), or from a static cluster of their
 * bootstrap (`sds-grpc`: the name and the settings that Istio's agent gives it).
 */
export type IdentitySource = "ads" | "sds-grpc";

/** `default` is the proxy's own certificate, `ROOTCA` what it trusts. */
export function identitySecret(name: typeof workloadSecret | typeof rootSecret, source: IdentitySource) {
  return create(SdsSecretConfigSchema, { name, sdsConfig: source === "ads" ? ads() : agent() });
}

/** `kubernetes://NAME`: a Secret of the gateway's namespace. A missing one must not keep a gateway's whole listener waiting. */
export function credentialSecret(name: string) {
  return create(SdsSecretConfigSchema, { name, sdsConfig: { ...ads(), initialFetchTimeout: milliseconds(5000) } });
}

function agent(): ConfigSource {
  return create(ConfigSourceSchema, {
    configSourceSpecifier: {
      case: "apiConfigSource",
      value: {
        apiType: ApiConfigSource_ApiType.GRPC,
        transportApiVersion: ApiVersion.V3,
        setNodeOnFirstMessageOnly: true,
        grpcServices: [{ targetSpecifier: { case: "envoyGrpc", value: { clusterName: "sds-grpc" } } }],
      },
    },
    resourceApiVersion: ApiVersion.V3,
    initialFetchTimeout: milliseconds(0),
  });
}

export const workloadSecret = "default";
export const rootSecret = "ROOTCA";
