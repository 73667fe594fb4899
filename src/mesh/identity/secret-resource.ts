import { createHash } from "node:crypto";
import { create, toBinary } from "@bufbuild/protobuf";
import { SecretSchema } from "#gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts";
import type { XdsResource } from "../xds/delta-response.ts";

export const secretTypeUrl = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret";

/** The names under which every proxy asks for its own certificate and for the root; Istio's. */
export const workloadSecret = "default";
export const rootSecret = "ROOTCA";

/** A chain and its key, both PEM. */
export function certificateSecret(
  name: string,
  certChainPem: string | Uint8Array,
  keyPem: string | Uint8Array,
  version?: string,
): XdsResource {
  return secret(
    name,
    {
      case: "tlsCertificate",
      value: { certificateChain: inline(certChainPem), privateKey: inline(keyPem) },
    },
    version,
  );
}

/** Authorities against which peers are checked, PEM. */
export function authoritySecret(name: string, caPem: string | Uint8Array): XdsResource {
  return secret(name, { case: "validationContext", value: { trustedCa: inline(caPem) } });
}

function inline(pem: string | Uint8Array): { specifier: { case: "inlineBytes"; value: Uint8Array<ArrayBuffer> } } {
  return { specifier: { case: "inlineBytes", value: new Uint8Array(Buffer.from(pem)) } };
}

function secret(
  name: string,
  type: NonNullable<Parameters<typeof create<typeof SecretSchema>>[1]>["type"],
  version?: string,
): XdsResource {
  const bytes = toBinary(SecretSchema, create(SecretSchema, { name, ...(type && { type }) }));
  return {
    type: secretTypeUrl,
    name,
    version: version ?? createHash("sha256").update(bytes).digest("hex").slice(0, 16),
    bytes,
  };
}
