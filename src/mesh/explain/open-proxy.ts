import { fromBinary, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import type { Any } from "@bufbuild/protobuf/wkt";
import { ClusterSchema, type Cluster } from "#gen/envoy/config/cluster/v3/cluster_pb.ts";
import type { Address } from "#gen/envoy/config/core/v3/address_pb.ts";
import type { Metadata } from "#gen/envoy/config/core/v3/base_pb.ts";
import { ClusterLoadAssignmentSchema, type ClusterLoadAssignment } from "#gen/envoy/config/endpoint/v3/endpoint_pb.ts";
import { ListenerSchema, type Listener } from "#gen/envoy/config/listener/v3/listener_pb.ts";
import { RouteConfigurationSchema, type RouteConfiguration } from "#gen/envoy/config/route/v3/route_pb.ts";
import { typeUrls } from "../resource.ts";
import type { ProxyConfig } from "./question.ts";

/** Bytes are shared by proxies and never change: each is decoded once for a schema (empty bytes are the same object for all). */
const decoded = new Map<DescMessage, WeakMap<Uint8Array, unknown>>();

function decode<D extends DescMessage>(schema: D, bytes: Uint8Array): MessageShape<D> {
  let known = decoded.get(schema);
  if (known === undefined) decoded.set(schema, (known = new WeakMap()));
  let message = known.get(bytes) as MessageShape<D> | undefined;
  if (message === undefined) known.set(bytes, (message = fromBinary(schema, bytes)));
  return message;
}

/** An extension's configuration, or undefined when it is of another kind. */
export function unpack<D extends DescMessage>(schema: D, any: Any | undefined): MessageShape<D> | undefined {
  return any?.typeUrl === `type.googleapis.com/${schema.typeName}` ? decode(schema, any.value) : undefined;
}

/** A proxy's resources by name and address. */
export class OpenProxy {
  readonly name: string;
  readonly identity: string;
  readonly #resources: ReadonlyMap<string, Uint8Array>;
  readonly listeners: readonly Listener[];

  constructor({ name, identity, resources }: ProxyConfig) {
    this.name = name;
    this.identity = identity;
    this.#resources = new Map(resources.map((resource) => [`${resource.type} ${resource.name}`, resource.bytes]));
    this.listeners = resources
      .filter(({ type }) => type === typeUrls.listener)
      .map(({ bytes }) => decode(ListenerSchema, bytes));
  }

  listener(name: string): Listener | undefined {
    return this.#get(ListenerSchema, typeUrls.listener, name);
  }
  cluster(name: string): Cluster | undefined {
    return this.#get(ClusterSchema, typeUrls.cluster, name);
  }
  routes(name: string): RouteConfiguration | undefined {
    return this.#get(RouteConfigurationSchema, typeUrls.routeConfiguration, name);
  }
  endpoints(name: string): ClusterLoadAssignment | undefined {
    return this.#get(ClusterLoadAssignmentSchema, typeUrls.endpoints, name);
  }
  listenerAt(address: string, port: number): Listener | undefined {
    return this.listeners.find((listener) => {
      const at = socketOf(listener.address);
      return at?.port === port && (at.address === address || at.address === "0.0.0.0");
    });
  }

  #get<D extends DescMessage>(schema: D, type: string, name: string): MessageShape<D> | undefined {
    const bytes = this.#resources.get(`${type} ${name}`);
    return bytes === undefined ? undefined : decode(schema, bytes);
  }
}

export function socketOf(address: Address | undefined): { address: string; port: number } | undefined {
  if (address?.address.case !== "socketAddress") return undefined;
  const { address: host, portSpecifier } = address.address.value;
  return portSpecifier.case === "portValue" ? { address: host, port: portSpecifier.value } : undefined;
}

/**
 * The Istio object that a resource comes from, as `Kind/namespace/name`: its metadata holds
 * `/apis/GROUP/VERSION/namespaces/NS/virtual-service/NAME`, as istiod writes it, or `Kind/NS/NAME`.
 */
export function objectOf(metadata: Metadata | undefined): string | undefined {
  const config = metadata?.filterMetadata["istio"]?.["config"];
  if (typeof config !== "string") return undefined;
  const path = /^\/apis\/[^/]+\/[^/]+\/namespaces\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(config);
  if (path === null) return config.split(",")[0];
  const kind = path[2]!
    .split("-")
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("");
  return `${kind}/${path[1]!}/${path[3]!}`;
}

/** `VirtualService/food/pricing` as people say it: `VirtualService pricing.food`. */
export function objectWords(object: string): string {
  const [kind, namespace, name] = object.split("/");
  return name === undefined ? object : `${kind!} ${name}.${namespace!}`;
}
