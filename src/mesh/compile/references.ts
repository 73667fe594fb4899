import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

/**
 * The names by which encoded resources refer to others, read from their bytes: a proxy serves a route only when it has
 * the clusters that the route names. Field numbers are those of Envoy's API, v3.
 */

const managerType = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
const tcpProxyType = "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy";

/** Clusters that the routes of an encoded VirtualHost may send a request to; those of weight 0 get none. */
export function clustersOfVirtualHost(bytes: Uint8Array): Set<string> {
  const found = new Set<string>();
  for (const route of fields(bytes, 3))
    for (const action of fields(route, 2)) {
      for (const cluster of fields(action, 1)) found.add(text(cluster));
      for (const weighted of fields(action, 3)) weightedClusters(weighted, 1, found);
      for (const mirror of fields(action, 30)) for (const cluster of fields(mirror, 1)) found.add(text(cluster));
    }
  return found;
}

/** Clusters that the TCP proxies of an encoded Listener send connections to. */
export function clustersOfListener(bytes: Uint8Array): Set<string> {
  const found = new Set<string>();
  for (const proxy of networkFilters(bytes, tcpProxyType)) {
    for (const cluster of fields(proxy, 2)) found.add(text(cluster));
    for (const weighted of fields(proxy, 10)) weightedClusters(weighted, 1, found);
  }
  return found;
}

/** Route configurations that an encoded Listener asks for (RDS). */
export function routesOfListener(bytes: Uint8Array): Set<string> {
  const found = new Set<string>();
  for (const manager of networkFilters(bytes, managerType))
    for (const rds of fields(manager, 3)) for (const name of fields(rds, 2)) found.add(text(name));
  return found;
}

/** `{name = 1, weight = 2}`: in routes the weight is wrapped, in TCP proxies it is a plain number. */
function weightedClusters(bytes: Uint8Array, field: number, found: Set<string>): void {
  for (const entry of fields(bytes, field)) {
    const wrapped = fields(entry, 2)[0];
    if (wrapped !== undefined && varints(wrapped, 1)[0] === undefined) continue;
    for (const name of fields(entry, 1)) found.add(text(name));
  }
}

/** The values of a listener's network filters of that type, in all its chains. */
function networkFilters(listener: Uint8Array, type: string): Uint8Array[] {
  return [...fields(listener, 3), ...fields(listener, 25)]
    .flatMap((chain) => fields(chain, 3))
    .flatMap((filter) => fields(filter, 4))
    .filter((any) => fields(any, 1).some((url) => text(url).endsWith(`/${type}`)))
    .flatMap((any) => fields(any, 2));
}

/** All values of a length-delimited field. */
function fields(bytes: Uint8Array, field: number): Uint8Array[] {
  return values(bytes, field, WireType.LengthDelimited, (reader) => reader.bytes());
}
function varints(bytes: Uint8Array, field: number): number[] {
  return values(bytes, field, WireType.Varint, (reader) => reader.uint32());
}

function values<T>(bytes: Uint8Array, field: number, wanted: WireType, read: (reader: BinaryReader) => T): T[] {
  const reader = new BinaryReader(bytes);
  const found: T[] = [];
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (number === field && wireType === wanted) found.push(read(reader));
    else reader.skip(wireType, number);
  }
  return found;
}

const decoder = new TextDecoder();
function text(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}
