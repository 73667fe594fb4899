/** A proxy without traffic: asks istiod for what an Envoy asks, keeps what it gets, and acknowledges as it is told to. */
import { create, fromBinary, toBinary, type JsonObject } from "@bufbuild/protobuf";
import { Client, credentials, type ClientDuplexStream } from "@grpc/grpc-js";
import { ClusterSchema, Cluster_DiscoveryType } from "#gen/envoy/config/cluster/v3/cluster_pb.ts";
import { NodeSchema } from "#gen/envoy/config/core/v3/base_pb.ts";
import { ListenerSchema } from "#gen/envoy/config/listener/v3/listener_pb.ts";
import { HttpConnectionManagerSchema } from "#gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import { deltaMethod } from "../../../src/mesh/xds/ads-service.ts";
import { deltaRequest, encodeDeltaRequest, type DeltaRequest } from "../../../src/mesh/xds/delta-request.ts";
import { decodeDeltaResponse } from "../../../src/mesh/xds/delta-response.ts";

const types = {
  cds: "type.googleapis.com/envoy.config.cluster.v3.Cluster",
  eds: "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
  lds: "type.googleapis.com/envoy.config.listener.v3.Listener",
  rds: "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
} as const;
export type XdsType = keyof typeof types;
type Response = ReturnType<typeof decodeDeltaResponse>;
type Verdict = "ack" | "hold" | { nack: string };

export interface AdsProxyOptions {
  pod: string;
  namespace: string;
  ip: string;
  labels: Readonly<Record<string, string>>;
  /** `router` for a gateway. */
  role?: "sidecar" | "router";
}

export class AdsProxy {
  readonly id: string;
  /** What it has in service, by type and name: nothing that it didn't acknowledge. */
  readonly inService: Record<XdsType, Map<string, Uint8Array>> = {
    cds: new Map(),
    eds: new Map(),
    lds: new Map(),
    rds: new Map(),
  };
  /** What it says to a response. Held back ones wait for `release`. */
  answer: (type: XdsType, response: Response) => Verdict = () => "ack";
  readonly #client: Client;
  readonly #stream: ClientDuplexStream<Buffer, Buffer>;
  readonly #held: { type: XdsType; response: Response }[] = [];
  readonly #subscribed = { eds: new Set<string>(), rds: new Set<string>() };
  #first: Uint8Array | undefined;
  /** The server ended the stream, or the connection was lost. */
  readonly ended: Promise<Error>;

  /** `address`: `host:port` of discovery in plain text. */
  constructor(address: string, { pod, namespace, ip, labels, role = "sidecar" }: AdsProxyOptions) {
    this.id = `${pod}.${namespace}`;
    const metadata: JsonObject = {
      ...{ NAMESPACE: namespace, CLUSTER_ID: "Kubernetes", NAME: pod, ISTIO_VERSION: "1.32.0" },
      LABELS: { ...labels },
    };
    const node = { id: `${role}~${ip}~${this.id}~${namespace}.svc.cluster.local`, metadata };
    this.#first = toBinary(NodeSchema, create(NodeSchema, node));
    this.#client = new Client(address, credentials.createInsecure(), { "grpc.max_receive_message_length": -1 });
    const same = (bytes: Buffer) => bytes;
    this.#stream = this.#client.makeBidiStreamRequest(deltaMethod, same, same);
    this.ended = new Promise((resolve) => this.#stream.on("error", resolve));
    this.#stream.on("data", (bytes: Buffer) => this.#take(decodeDeltaResponse(bytes)));
    this.#ask("cds");
    this.#ask("lds");
  }

  /** Answers what was held back as an acknowledgement, in order; from now on, all of it at once. */
  release(): void {
    this.answer = () => "ack";
    for (const { type, response } of this.#held.splice(0)) this.#acknowledge(type, response);
  }

  /** Asks for more route configurations, as an Envoy whose listeners name them. */
  subscribeRoutes(...names: string[]): void {
    this.#follow("rds", names);
  }

  close(): void {
    this.#stream.cancel();
    this.#client.close();
  }

  #take(response: Response): void {
    const type = (Object.keys(types) as XdsType[]).find((name) => types[name] === response.type);
    if (type === undefined) return;
    const verdict = this.#held.some((held) => held.type === type) ? "hold" : this.answer(type, response);
    if (verdict === "hold") this.#held.push({ type, response });
    else if (verdict === "ack") this.#acknowledge(type, response);
    else this.#ask(type, { nonce: response.nonce, error: verdict.nack });
  }

  /** As Envoy: what new clusters and listeners need is asked for before they are acknowledged. */
  #acknowledge(type: XdsType, { nonce, resources, removed }: Response): void {
    const mine = this.inService[type];
    for (const { name, bytes } of resources) mine.set(name, bytes);
    for (const name of removed) mine.delete(name);
    if (type === "cds")
      this.#follow(
        "eds",
        resources.flatMap(({ bytes }) => endpointsOf(bytes)),
      );
    if (type === "lds")
      this.#follow(
        "rds",
        resources.flatMap(({ bytes }) => routesOf(bytes)),
      );
    this.#ask(type, { nonce });
  }

  #follow(type: "eds" | "rds", names: readonly string[]): void {
    const subscribe = [...new Set(names)].filter((name) => !this.#subscribed[type].has(name));
    for (const name of subscribe) this.#subscribed[type].add(name);
    if (subscribe.length > 0) this.#ask(type, { subscribe });
  }

  #ask(type: XdsType, fields: Partial<Omit<DeltaRequest, "node">> = {}): void {
    const node = this.#first;
    this.#first = undefined;
    this.#stream.write(Buffer.from(encodeDeltaRequest(deltaRequest(types[type], fields), node)));
  }
}

function endpointsOf(bytes: Uint8Array): string[] {
  const { name, edsClusterConfig, clusterDiscoveryType } = fromBinary(ClusterSchema, bytes);
  const isEds = clusterDiscoveryType.case === "type" && clusterDiscoveryType.value === Cluster_DiscoveryType.EDS;
  return isEds ? [edsClusterConfig?.serviceName === "" ? name : (edsClusterConfig?.serviceName ?? name)] : [];
}

function routesOf(bytes: Uint8Array): string[] {
  const { filterChains, defaultFilterChain } = fromBinary(ListenerSchema, bytes);
  return [...filterChains, ...(defaultFilterChain ? [defaultFilterChain] : [])].flatMap(({ filters }) =>
    filters.flatMap(({ configType }) => {
      if (configType.case !== "typedConfig" || !configType.value.typeUrl.endsWith("HttpConnectionManager")) return [];
      const { routeSpecifier } = fromBinary(HttpConnectionManagerSchema, configType.value.value);
      return routeSpecifier.case === "rds" ? [routeSpecifier.value.routeConfigName] : [];
    }),
  );
}
