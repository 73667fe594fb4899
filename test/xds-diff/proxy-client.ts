/** A client that asks for its configuration as an Envoy would: delta ADS, what is mentioned is asked for by name, everything acknowledged. */
import { create, toBinary, type FileRegistry, type JsonObject } from "@bufbuild/protobuf";
import { NodeSchema } from "#gen/envoy/config/core/v3/base_pb.ts";
import { Client, credentials, type ClientDuplexStream } from "@grpc/grpc-js";
import { resourceJson } from "../../src/mesh/control/envoy-registry.ts";
import { typeUrls, type Proxy, type TypeUrl } from "../../src/mesh/resource.ts";
import { deltaMethod } from "../../src/mesh/xds/ads-service.ts";
import { deltaRequest, encodeDeltaRequest, type DeltaRequest } from "../../src/mesh/xds/delta-request.ts";
import { decodeDeltaResponse } from "../../src/mesh/xds/delta-response.ts";

/** What a proxy was sent, decoded to Envoy's JSON: type → name → resource. */
export type ProxyConfig = Readonly<Record<keyof typeof typeUrls, ReadonlyMap<string, JsonObject>>>;

type Kind = keyof typeof typeUrls;
const kindOf = new Map<string, Kind>(Object.entries(typeUrls).map(([kind, url]) => [url, kind as Kind]));

export class ProxyClient {
  readonly #registry: FileRegistry;
  readonly #client: Client;
  readonly #stream: ClientDuplexStream<Buffer, Buffer>;
  readonly #held: Record<Kind, Map<string, JsonObject>> = {
    listener: new Map(),
    cluster: new Map(),
    routeConfiguration: new Map(),
    endpoints: new Map(),
  };
  readonly #asked = { routeConfiguration: new Set<string>(), endpoints: new Set<string>() };
  readonly #unanswered = new Set<string>();
  #node: Uint8Array | undefined;
  #heardAt = Date.now();
  #failed: Error | undefined;

  /** `address`: `host:port` in plain text. */
  constructor(address: string, proxy: Proxy, registry: FileRegistry) {
    this.#registry = registry;
    const { id, metadata, locality } = proxy;
    this.#node = toBinary(NodeSchema, create(NodeSchema, { id, locality, metadata: metadata as JsonObject }));
    this.#client = new Client(address, credentials.createInsecure(), { "grpc.max_receive_message_length": -1 });
    const same = (bytes: Buffer): Buffer => bytes;
    this.#stream = this.#client.makeBidiStreamRequest(deltaMethod, same, same);
    this.#stream.on(
      "error",
      (error) => (this.#failed ??= new Error(`${address} ended the stream of ${id}: ${error.message}`)),
    );
    this.#stream.on("data", (bytes: Buffer) => {
      try {
        this.#receive(bytes);
      } catch (error) {
        this.#failed ??= error as Error;
      }
    });
    for (const type of [typeUrls.cluster, typeUrls.listener]) {
      this.#unanswered.add(type);
      this.#send(type, { subscribe: ["*"] });
    }
  }

  /** What it holds once all that it asked for is answered and nothing has come for `ms`. Throws when the stream ended. */
  async quiet(ms: number, timeoutMs = 60_000): Promise<ProxyConfig> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      if (this.#failed) throw this.#failed;
      if (this.#unanswered.size === 0 && Date.now() - this.#heardAt >= ms) return this.#held;
      if (Date.now() > deadline) throw new Error(`not answered in time: ${[...this.#unanswered].join(", ")}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  close(): void {
    this.#stream.on("error", () => {});
    this.#stream.cancel();
    this.#client.close();
  }

  #receive(bytes: Buffer): void {
    const response = decodeDeltaResponse(bytes);
    this.#heardAt = Date.now();
    const kind = kindOf.get(response.type);
    if (kind === undefined) throw new Error(`a response of type ${response.type}, which nobody asked for`);
    this.#unanswered.delete(response.type);
    for (const { name, bytes: encoded } of response.resources) {
      this.#unanswered.delete(`${response.type} ${name}`);
      const resource = { type: response.type as TypeUrl, name, version: "", bytes: encoded };
      this.#held[kind].set(name, resourceJson(resource, this.#registry) as JsonObject);
    }
    for (const name of response.removed) {
      this.#unanswered.delete(`${response.type} ${name}`);
      this.#held[kind].delete(name);
    }
    this.#send(response.type, { nonce: response.nonce });
    if (kind === "cluster") this.#ask("endpoints", endpointNames(this.#held.cluster.values()));
    if (kind === "listener") this.#ask("routeConfiguration", routeNames(this.#held.listener.values()));
  }

  #ask(kind: "routeConfiguration" | "endpoints", mentioned: ReadonlySet<string>): void {
    const asked = this.#asked[kind];
    const subscribe = [...mentioned].filter((name) => !asked.has(name));
    const unsubscribe = [...asked].filter((name) => !mentioned.has(name));
    if (subscribe.length + unsubscribe.length === 0) return;
    for (const name of subscribe) {
      asked.add(name);
      this.#unanswered.add(`${typeUrls[kind]} ${name}`);
    }
    for (const name of unsubscribe) {
      asked.delete(name);
      this.#held[kind].delete(name);
      this.#unanswered.delete(`${typeUrls[kind]} ${name}`);
    }
    this.#send(typeUrls[kind], { subscribe, unsubscribe });
  }

  #send(typeUrl: string, fields: Partial<Omit<DeltaRequest, "node">>): void {
    this.#stream.write(Buffer.from(encodeDeltaRequest(deltaRequest(typeUrl, fields), this.#node)));
    this.#node = undefined;
  }
}

function endpointNames(clusters: Iterable<JsonObject>): Set<string> {
  const names = [...clusters].flatMap(({ type, name, edsClusterConfig }) =>
    type === "EDS" ? [((edsClusterConfig as JsonObject)["serviceName"] ?? name) as string] : [],
  );
  return new Set(names);
}

function routeNames(listeners: Iterable<JsonObject>): Set<string> {
  const text = JSON.stringify([...listeners]);
  return new Set([...text.matchAll(/"routeConfigName":"([^"]+)"/g)].map(([, name]) => name!));
}
