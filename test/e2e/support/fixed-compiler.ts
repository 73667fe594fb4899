import { createHash } from "node:crypto";
import { fromJson, toBinary } from "@bufbuild/protobuf";
import { createRegistry } from "@bufbuild/protobuf";
import type { DescMessage, JsonValue } from "@bufbuild/protobuf";
import { ClusterSchema } from "#gen/envoy/config/cluster/v3/cluster_pb.ts";
import { ClusterLoadAssignmentSchema } from "#gen/envoy/config/endpoint/v3/endpoint_pb.ts";
import { ListenerSchema } from "#gen/envoy/config/listener/v3/listener_pb.ts";
import { RouteConfigurationSchema } from "#gen/envoy/config/route/v3/route_pb.ts";
import { RouterSchema } from "#gen/envoy/extensions/filters/http/router/v3/router_pb.ts";
import { HttpConnectionManagerSchema } from "#gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import {
  DownstreamTlsContextSchema,
  UpstreamTlsContextSchema,
} from "#gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts";
import { typeUrls } from "../../../src/mesh/resource.ts";
import type { Change, MeshCompiler, Proxy, Reach, Resource, Snapshot, TypeUrl } from "../../../src/mesh/resource.ts";

const schemas: Record<TypeUrl, DescMessage> = {
  [typeUrls.cluster]: ClusterSchema,
  [typeUrls.endpoints]: ClusterLoadAssignmentSchema,
  [typeUrls.listener]: ListenerSchema,
  [typeUrls.routeConfiguration]: RouteConfigurationSchema,
};
const registry = createRegistry(
  HttpConnectionManagerSchema,
  RouterSchema,
  DownstreamTlsContextSchema,
  UpstreamTlsContextSchema,
);

/** A compiler whose resources a test sets by hand, by pod name, as JSON: what is tested is how they travel. */
export class FixedCompiler implements MeshCompiler {
  readonly stats = { encodings: { listener: 0, cluster: 0, routeConfiguration: 0, virtualHost: 0, endpoints: 0 } };
  readonly #resources = new Map<string, Resource>();
  readonly #proxies = new Map<string, Proxy>();
  readonly #listeners = new Set<(changes: readonly Change[]) => void>();
  #changes: Change[] = [];

  set(pod: string, type: TypeUrl, name: string, json: JsonValue | undefined): this {
    const key = `${pod} ${type} ${name}`;
    if (json === undefined) this.#resources.delete(key);
    else {
      const bytes = toBinary(schemas[type], fromJson(schemas[type], json, { registry }));
      this.#resources.set(key, {
        type,
        name,
        version: createHash("sha256").update(bytes).digest("hex").slice(0, 12),
        bytes,
      });
    }
    const proxies = [...this.#proxies.values()].filter((proxy) => proxy.name === pod).map(({ id }) => id);
    this.#changes.push({ type, proxies, names: new Set([name]) });
    return this;
  }

  put(): void {}
  remove(): void {}
  flush(): void {
    const changes = this.#changes.splice(0);
    for (const listener of this.#listeners) listener(changes);
  }
  addProxy(proxy: Proxy): void {
    this.#proxies.set(proxy.id, proxy);
  }
  removeProxy(id: string): void {
    this.#proxies.delete(id);
  }
  snapshot(proxyId: string): Snapshot {
    const pod = this.#pod(proxyId);
    const of = (type: TypeUrl) =>
      new Map(
        [...this.#resources]
          .filter(([key]) => key.startsWith(`${pod} ${type} `))
          .map(([, resource]) => [resource.name, resource]),
      );
    return { listeners: of(typeUrls.listener), clusters: of(typeUrls.cluster) };
  }
  route(proxyId: string, name: string): Resource | undefined {
    return this.#resources.get(`${this.#pod(proxyId)} ${typeUrls.routeConfiguration} ${name}`);
  }
  endpoints(proxyId: string, name: string): Resource | undefined {
    return this.#resources.get(`${this.#pod(proxyId)} ${typeUrls.endpoints} ${name}`);
  }
  sources(_proxyId: string, _type: TypeUrl, name: string): string[] {
    return [`Test/money/${name}`];
  }
  reach(): Reach {
    return { proxies: new Set(), resources: new Map(), named: [] };
  }
  onChange(listener: (changes: readonly Change[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
  #pod(proxyId: string): string {
    const proxy = this.#proxies.get(proxyId);
    if (!proxy) throw new Error(`unknown proxy ${proxyId}`);
    return proxy.name;
  }
}
