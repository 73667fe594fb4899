import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { Client, credentials, Server, ServerCredentials, type ServerDuplexStream } from "@grpc/grpc-js";
import { deltaMethod } from "../../../src/mesh/xds/ads-service.ts";
import { decodeDeltaRequest, type DeltaRequest } from "../../../src/mesh/xds/delta-request.ts";
import { decodeDeltaResponse } from "../../../src/mesh/xds/delta-response.ts";

export type Message =
  | ({ from: "envoy" } & DeltaRequest)
  | ({ from: "istiod" } & ReturnType<typeof decodeDeltaResponse>);

/** Stands between an Envoy and an istiod, passes all on, and remembers it in order. */
export class AdsRelay {
  readonly messages: Message[] = [];
  readonly #server = new Server();
  readonly #client: Client;
  port = 0;

  private constructor(address: string) {
    this.#client = new Client(address, credentials.createInsecure(), { "grpc.max_receive_message_length": -1 });
    const same = (bytes: Buffer) => bytes;
    this.#server.addService(
      {
        delta: {
          path: deltaMethod,
          ...{ requestStream: true, responseStream: true },
          ...{ requestSerialize: same, requestDeserialize: same, responseSerialize: same, responseDeserialize: same },
        },
      },
      {
        delta: (down: ServerDuplexStream<Buffer, Buffer>) => {
          const up = this.#client.makeBidiStreamRequest(deltaMethod, same, same);
          down.on("data", (bytes: Buffer) => {
            this.messages.push({ from: "envoy", ...decodeDeltaRequest(bytes) });
            up.write(bytes);
          });
          up.on("data", (bytes: Buffer) => {
            this.messages.push({ from: "istiod", ...decodeDeltaResponse(bytes) });
            down.write(bytes);
          });
          up.on("error", () => down.end());
          down.on("error", () => up.cancel());
          down.on("end", () => up.end());
        },
      },
    );
  }

  /** `address`: of an istiod's discovery in plain text. */
  static async to(address: string): Promise<AdsRelay> {
    const relay = new AdsRelay(address);
    relay.port = await new Promise<number>((resolve, reject) =>
      relay.#server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
        error === null ? resolve(port) : reject(error),
      ),
    );
    return relay;
  }

  close(): void {
    this.#server.forceShutdown();
    this.#client.close();
  }
}

/** A bootstrap of nothing but clusters from there. */
export function clustersOnly(port: number, id: string, metadata: object): object {
  const ads = { ads: {}, resource_api_version: "V3", initial_fetch_timeout: "0s" };
  const address = { socket_address: { address: "127.0.0.1", port_value: port } };
  const http2 = {
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
      "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
      explicit_http_config: { http2_protocol_options: {} },
    },
  };
  return {
    node: { id, cluster: id, metadata },
    dynamic_resources: {
      ads_config: {
        ...{ api_type: "DELTA_GRPC", transport_api_version: "V3", set_node_on_first_message_only: true },
        grpc_services: [{ envoy_grpc: { cluster_name: "xds" } }],
      },
      cds_config: ads,
    },
    static_resources: {
      clusters: [
        {
          ...{ name: "xds", type: "STATIC", connect_timeout: "1s", typed_extension_protocol_options: http2 },
          load_assignment: { cluster_name: "xds", endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
        },
      ],
    },
  };
}

/** Resolves when the process has ended. */
export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}
