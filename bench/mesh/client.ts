import { connect, type ClientHttp2Session, type ClientHttp2Stream } from "node:http2";
import { createConnection } from "node:net";
import { create, toBinary } from "@bufbuild/protobuf";
import { NodeSchema } from "#gen/envoy/config/core/v3/base_pb.ts";
import { typeUrls } from "../../src/mesh/resource.ts";
import { deltaMethod } from "../../src/mesh/xds/ads-service.ts";
import { deltaRequest, encodeDeltaRequest } from "../../src/mesh/xds/delta-request.ts";
import { decodeDeltaResponse } from "../../src/mesh/xds/delta-response.ts";
import { FrameReader } from "../../src/mesh/xds/grpc-frame.ts";

/** A proxy that asks for everything as Envoy does, acknowledges it, and forgets it. */
export class BenchProxy {
  readonly #session: ClientHttp2Session;
  readonly #stream: ClientHttp2Stream;
  readonly #type: (type: string, bytes: number) => void;
  readonly #asked = new Set<string>();
  readonly #reader = new FrameReader(1024 * 1024 * 1024);

  /** `told` hears of each response: its type, and its size in bytes. */
  constructor(
    socket: string,
    who: { namespace: string; app: string; pod: string; ip: string },
    told: (type: string, bytes: number) => void,
  ) {
    this.#type = told;
    this.#session = connect("http://mesh", {
      createConnection: () => createConnection(socket),
      settings: { initialWindowSize: 1024 * 1024 },
    });
    this.#session.on("connect", () => this.#session.setLocalWindowSize(16 * 1024 * 1024));
    this.#stream = this.#session.request({
      ":method": "POST",
      ":path": deltaMethod,
      "content-type": "application/grpc",
      te: "trailers",
      authorization: `Bearer ${who.namespace}/${who.app}/${who.pod}`,
    });
    this.#stream.on("error", () => {});
    this.#session.on("error", () => {});
    this.#stream.on("data", (chunk: Buffer) => {
      for (const message of this.#reader.push(chunk)) this.#received(message);
    });
    const node = toBinary(
      NodeSchema,
      create(NodeSchema, {
        id: `sidecar~${who.ip}~${who.pod}.${who.namespace}~x`,
        locality: { region: "r", zone: "z" },
        metadata: {
          LABELS: { app: who.app, "quipu.dev/revision": "r1" },
          QUIPU_PROXY: `${who.ip}:15001`,
          QUIPU_APP_PORTS: { "8080": 20_000 },
        },
      }),
    );
    this.#send(typeUrls.cluster, {}, node);
    this.#send(typeUrls.listener);
    this.#subscribe(typeUrls.routeConfiguration, ["http_proxy"]);
  }

  close(): void {
    this.#stream.close();
    this.#session.destroy();
  }

  #received(message: Uint8Array): void {
    const { type, nonce, resources } = decodeDeltaResponse(message);
    this.#type(type, message.length);
    if (type === typeUrls.cluster) {
      const names = resources.map(({ name }) => name).filter((name) => name.startsWith("outbound|"));
      this.#subscribe(
        typeUrls.endpoints,
        names.filter((name) => !this.#asked.has(name)),
      );
      for (const name of names) this.#asked.add(name);
    }
    this.#send(type, { nonce });
  }

  #subscribe(type: string, subscribe: string[]): void {
    if (subscribe.length > 0) this.#send(type, { subscribe });
  }

  #send(type: string, fields: { nonce?: string; subscribe?: string[] } = {}, node?: Uint8Array): void {
    const message = encodeDeltaRequest(deltaRequest(type, fields), node);
    const head = Buffer.alloc(5);
    head.writeUInt32BE(message.length, 1);
    this.#stream.write(Buffer.concat([head, message]));
  }
}
