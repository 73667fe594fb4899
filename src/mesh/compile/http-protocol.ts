import type { MessageInitShape } from "@bufbuild/protobuf";
import { HttpProtocolOptionsSchema } from "#gen/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.ts";
import type { ConnectionPoolSettings } from "../../objects/istio.ts";
import { duration } from "./duration.ts";
import { any } from "./encode.ts";

/** `typed_extension_protocol_options` of a cluster: which HTTP it speaks, and the limits of a connection. */
export function httpProtocolOptions(version: "http1" | "http2", pool: ConnectionPoolSettings | undefined) {
  const http = pool?.http;
  const common: NonNullable<MessageInitShape<typeof HttpProtocolOptionsSchema>["commonHttpProtocolOptions"]> = {
    ...(http?.idleTimeout === undefined ? {} : { idleTimeout: duration(http.idleTimeout) }),
    ...(pool?.tcp?.maxConnectionDuration === undefined
      ? {}
      : { maxConnectionDuration: duration(pool.tcp.maxConnectionDuration) }),
    ...(http?.maxRequestsPerConnection ? { maxRequestsPerConnection: http.maxRequestsPerConnection } : {}),
  };
  const http2 = { ...(http?.maxConcurrentStreams ? { maxConcurrentStreams: http.maxConcurrentStreams } : {}) };
  return {
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": any(HttpProtocolOptionsSchema, {
      commonHttpProtocolOptions: common,
      upstreamProtocolOptions: {
        case: "explicitHttpConfig",
        value: {
          protocolConfig:
            version === "http2"
              ? { case: "http2ProtocolOptions", value: http2 }
              : { case: "httpProtocolOptions", value: {} },
        },
      },
    }),
  };
}
