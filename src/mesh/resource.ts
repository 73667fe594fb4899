/**
 * What the compiler gives and the xDS server serves: encoded Envoy resources, the proxies that ask for them, and
 * the compiler's face. Nothing here does I/O.
 */
import type { KubeObject } from "../objects/meta.ts";

/** Type URLs of the four resource kinds that the compiler makes, as they stand in a DeltaDiscoveryRequest. */
export const typeUrls = {
  listener: "type.googleapis.com/envoy.config.listener.v3.Listener",
  cluster: "type.googleapis.com/envoy.config.cluster.v3.Cluster",
  routeConfiguration: "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
  endpoints: "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
} as const;
export type TypeUrl = (typeof typeUrls)[keyof typeof typeUrls];

/** An Envoy resource, encoded once and shared by every proxy that sees the same. Immutable. */
export interface Resource {
  readonly type: TypeUrl;
  readonly name: string;
  /** Hash of the content: equal versions mean equal bytes. */
  readonly version: string;
  /** The encoded message without its Any wrapper. */
  readonly bytes: Uint8Array;
}

/** A connected proxy, as its authenticated token (identity) and its node (addresses, labels) describe it. */
export interface Proxy {
  readonly id: string;
  readonly role: "sidecar" | "router";
  /** The pod's IP: listeners bind it. */
  readonly ip: string;
  readonly namespace: string;
  /** The pod's name. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly serviceAccount: string;
  /** Cluster and network ids (node metadata CLUSTER_ID, NETWORK); empty when the node names none. */
  readonly cluster: string;
  readonly network: string;
  readonly locality: { readonly region: string; readonly zone: string };
  /** The node's metadata, as in ARCHITECTURE.md ("Node metadata"). */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/**
 * What changed by a flush, for proxies that all see the same change. `names` holds every resource that was added,
 * replaced or removed; pull them again (snapshot, route, endpoints). A name that is gone now is absent there.
 */
export interface Change {
  readonly type: TypeUrl;
  readonly proxies: Iterable<string>;
  readonly names: ReadonlySet<string>;
}

export interface Snapshot {
  readonly listeners: ReadonlyMap<string, Resource>;
  readonly clusters: ReadonlyMap<string, Resource>;
}

/** How often each kind of thing was encoded to bytes since the start (never reset; read differences). */
export interface CompilerStats {
  readonly encodings: Record<"listener" | "cluster" | "routeConfiguration" | "virtualHost" | "endpoints", number>;
}

/** What was made from some objects. */
export interface Reach {
  /** Ids of the proxies whose configuration they took part in. */
  readonly proxies: ReadonlySet<string>;
  /** Type → names of the resources that they took part in. */
  readonly resources: ReadonlyMap<TypeUrl, ReadonlySet<string>>;
  /** The clusters to which virtual hosts and TCP listeners made from them send anything, and the proxies that have those. */
  readonly named: readonly { readonly clusters: ReadonlySet<string>; readonly proxies: ReadonlySet<string> }[];
}

export interface MeshCompiler {
  /** An object was added or changed. Unchanged content is recognised and costs nothing. Kinds it doesn't use are ignored. */
  put(object: KubeObject): void;
  /** An object is gone. Namespace "" for cluster-scoped kinds. */
  remove(kind: string, namespace: string, name: string): void;
  /** Ends a batch: recomputes what the puts and removes reached and tells the listeners of `onChange`, once, before it returns. */
  flush(): void;
  /** Adding a proxy again under the same id replaces it (a reconnect with other metadata). Nothing is announced for it: ask for its snapshot. */
  addProxy(proxy: Proxy): void;
  removeProxy(id: string): void;
  /** Everything of the wildcard types (LDS, CDS) that this proxy should have now. Throws when the proxy is unknown. */
  snapshot(proxyId: string): Snapshot;
  /** By name, when a proxy subscribes to it. From then on its changes are announced. Undefined: there is none. */
  route(proxyId: string, name: string): Resource | undefined;
  endpoints(proxyId: string, name: string): Resource | undefined;
  /** The objects (`Kind/namespace/name`) that a resource was made from: whom to name when Envoy rejects it. */
  sources(proxyId: string, type: TypeUrl, name: string): string[];
  /** What these objects (`Kind/namespace/name`), as they are now, have part in. Ask before one is removed. */
  reach(objects: readonly string[]): Reach;
  /** Returns the function that ends the subscription. */
  onChange(listener: (changes: readonly Change[]) => void): () => void;
  readonly stats: CompilerStats;
}
