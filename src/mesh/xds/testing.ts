/** For specs: a proxy that speaks the protocol by hand, over an independent gRPC client. */
import { create, toBinary } from "@bufbuild/protobuf";
import type { JsonObject } from "@bufbuild/protobuf";
import { NodeSchema } from "#gen/envoy/config/core/v3/base_pb.ts";
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import type { ClientDuplexStream, ServiceError } from "@grpc/grpc-js";
import { deltaMethod } from "./ads-service.ts";
import { deltaRequest, encodeDeltaRequest } from "./delta-request.ts";
import type { DeltaRequest } from "./delta-request.ts";
import { decodeDeltaResponse } from "./delta-response.ts";

export type Response = ReturnType<typeof decodeDeltaResponse>;

export class TestProxy {
  readonly id: string;
  readonly #client: Client;
  readonly #stream: ClientDuplexStream<Buffer, Buffer>;
  readonly #responses: Response[] = [];
  #wake: (() => void) | undefined;
  #metadata: JsonObject;
  #first = true;
  /** Why the server ended the stream. */
  readonly ended: Promise<ServiceError>;

  constructor(
    address: string,
    options: {
      pod: string;
      namespace?: string;
      ip?: string;
      token?: string;
      role?: string;
      domain?: string;
      metadata?: JsonObject;
    },
  ) {
    const { pod, namespace = "money", ip = "127.0.0.1", token, role = "sidecar" } = options;
    const { domain = `${namespace}.svc.cluster.local` } = options;
    this.id = `${role}~${ip}~${pod}.${namespace}~${domain}`;
    this.#metadata = options.metadata ?? {};
    this.#client = new Client(address, credentials.createInsecure(), { "grpc.max_receive_message_length": -1 });
    const metadata = new Metadata();
    if (token !== undefined) metadata.set("authorization", `Bearer ${token}`);
    this.#stream = this.#client.makeBidiStreamRequest(
      deltaMethod,
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => bytes,
      metadata,
    );
    this.#stream.on("data", (bytes: Buffer) => {
      this.#responses.push(decodeDeltaResponse(bytes));
      this.#wake?.();
    });
    this.ended = new Promise((resolve) => this.#stream.on("error", (error) => resolve(error as ServiceError)));
  }

  send(typeUrl: string, fields: Partial<Omit<DeltaRequest, "node">> = {}): void {
    const node = this.#first
      ? toBinary(NodeSchema, create(NodeSchema, { id: this.id, metadata: this.#metadata }))
      : undefined;
    this.#first = false;
    this.#stream.write(Buffer.from(encodeDeltaRequest(deltaRequest(typeUrl, fields), node)));
  }

  /** The next response, whatever its type. */
  async next(): Promise<Response> {
    while (this.#responses.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#responses.shift()!;
  }

  /** The next response, acknowledged. */
  async take(): Promise<Response> {
    const response = await this.next();
    this.send(response.type, { nonce: response.nonce });
    return response;
  }

  /** Stops reading, as a proxy that hangs. */
  pause(): void {
    this.#stream.pause();
  }
  resume(): void {
    this.#stream.resume();
  }
  close(): void {
    this.#stream.on("error", () => {});
    this.#stream.cancel();
    this.#client.close();
  }
}
