/** The secrets of one proxy over gRPC, as Istio's agent serves them beside it: the cluster `sds-grpc` of its bootstrap. */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { AnySchema } from "@bufbuild/protobuf/wkt";
import { DiscoveryRequestSchema, DiscoveryResponseSchema } from "#gen/envoy/service/discovery/v3/discovery_pb.ts";
import {
  authoritySecret,
  certificateSecret,
  rootSecret,
  secretTypeUrl,
  workloadSecret,
} from "../../src/mesh/identity/secret-resource.ts";
import { frame } from "../../src/mesh/xds/grpc-frame.ts";
import { GrpcServer } from "../../src/mesh/xds/grpc-server.ts";

const method = "/envoy.service.secret.v3.SecretDiscoveryService/StreamSecrets";

/** Serves on a Unix socket. All PEM. */
export async function startSdsServer(
  socket: string,
  { certChainPem, keyPem, rootPem }: { certChainPem: string; keyPem: string; rootPem: string },
): Promise<{ close(): Promise<void> }> {
  const secrets = new Map([
    [workloadSecret, certificateSecret(workloadSecret, certChainPem, keyPem)],
    [rootSecret, authoritySecret(rootSecret, rootPem)],
  ]);
  const server = new GrpcServer({
    methods: {
      [method]: (call) => ({
        message(bytes) {
          const { resourceNames, responseNonce } = fromBinary(DiscoveryRequestSchema, bytes);
          // An acknowledgement: nothing here ever changes.
          if (responseNonce !== "") return;
          const found = resourceNames.flatMap((name) => secrets.get(name) ?? []);
          const response = create(DiscoveryResponseSchema, {
            ...{ versionInfo: "1", nonce: "1", typeUrl: secretTypeUrl },
            resources: found.map((secret) =>
              create(AnySchema, { typeUrl: secretTypeUrl, value: new Uint8Array(secret.bytes) }),
            ),
          });
          call.write(frame(toBinary(DiscoveryResponseSchema, response)));
        },
      }),
    },
  });
  await server.listen({ path: socket });
  return { close: () => server.close(100) };
}
