import { create } from "@bufbuild/protobuf";
import { ApiVersion, ConfigSourceSchema } from "#gen/envoy/config/core/v3/config_source_pb.ts";
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

/** `default` is the proxy's own certificate, `ROOTCA` what it trusts, `kubernetes://NAME` a Secret of the gateway's namespace. */
export function secret(name: string) {
  const sdsConfig = ads();
  // A missing certificate of one host must not keep a gateway's whole listener waiting.
  if (name.startsWith("kubernetes://")) sdsConfig.initialFetchTimeout = milliseconds(5000);
  return create(SdsSecretConfigSchema, { name, sdsConfig });
}
export const workloadSecret = "default";
export const rootSecret = "ROOTCA";
