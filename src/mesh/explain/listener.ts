import type { FilterChain, FilterChainMatch } from "#gen/envoy/config/listener/v3/listener_components_pb.ts";
import type { Listener as ListenerMessage } from "#gen/envoy/config/listener/v3/listener_pb.ts";
import { HttpConnectionManagerSchema } from "#gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import { RBACSchema } from "#gen/envoy/extensions/filters/network/rbac/v3/rbac_pb.ts";
import { TcpProxySchema, type TcpProxy } from "#gen/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.ts";
import { DownstreamTlsContextSchema } from "#gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts";
import { atOnce, type Connection, type Exchange } from "./exchange.ts";
import { policyNames } from "./http-filters.ts";
import { serveHttp } from "./http-manager.ts";
import type { HttpRequest } from "./http-message.ts";
import { objectWords, unpack, type OpenProxy } from "./open-proxy.ts";
import { judge } from "./rbac.ts";
import { NotUnderstood } from "./text-match.ts";
import { callCluster, clusterWords, failure } from "./upstream.ts";
import type { Walk } from "./walk.ts";

/** A connection (and the request on it) at a listener: TLS, network filters, then HTTP or plain TCP. */
export function enterListener(
  walk: Walk,
  proxy: OpenProxy,
  listener: ListenerMessage,
  connection: Connection,
  request: HttpRequest | undefined,
): Exchange {
  const chain = pickChain(listener, connection);
  if (chain === undefined) {
    walk.step(proxy, "listener", listener.name, "no filter chain takes such a connection");
    return failure("terminated", proxy.name, `${listener.name} of ${proxy.name} takes no such connection`);
  }
  const refused = refusedByTls(walk, proxy, listener, chain, connection);
  if (refused !== undefined) return refused;
  walk.step(
    proxy,
    "listener",
    listener.name,
    [
      chain.name === "" ? "" : `filter chain ${chain.name}`,
      connection.identity === undefined ? "" : `from ${connection.identity}`,
    ]
      .filter((part) => part !== "")
      .join(", ") || "takes it",
  );
  for (const { name, configType } of chain.filters) {
    if (configType.case !== "typedConfig") continue;
    const rbac = unpack(RBACSchema, configType.value);
    const manager = unpack(HttpConnectionManagerSchema, configType.value);
    const tcp = unpack(TcpProxySchema, configType.value);
    if (rbac !== undefined) {
      const verdict = walk.attempt(
        proxy.name,
        () =>
          rbac.rules === undefined ? undefined : judge(rbac.rules, { connection, request: undefined, metadata: {} }),
        undefined,
      );
      if (verdict === undefined) continue;
      const { rule, object } = policyNames(verdict.policy);
      const who = connection.identity ?? "a caller without a certificate";
      walk.step(proxy, "authorization", rule, verdict.allowed ? `lets ${who} in` : `refuses ${who}`, object);
      if (!verdict.allowed) {
        const words =
          object === undefined
            ? `no AuthorizationPolicy of ${proxy.name} lets ${who} in on port ${connection.port}`
            : `${objectWords(object)} of ${proxy.name} refuses ${who}`;
        return {
          kind: "failure",
          cause: "terminated",
          after: atOnce,
          decision: { by: proxy.name, rule, ...(object !== undefined && { object }), words },
        };
      }
    } else if (manager !== undefined) {
      if (request === undefined) throw new NotUnderstood("plain TCP to an HTTP port");
      return serveHttp(walk, proxy, manager, connection, request, enterListener);
    } else if (tcp !== undefined) return forwardTcp(walk, proxy, tcp, request);
    else walk.unknown.add(`${proxy.name}: the network filter ${name} isn't understood here, and was passed over`);
  }
  return failure("terminated", proxy.name, `${listener.name} of ${proxy.name} leads nowhere`);
}

/** Bytes as they are: what comes out is what the other end does. */
function forwardTcp(
  walk: Walk,
  proxy: OpenProxy,
  { clusterSpecifier: specifier }: TcpProxy,
  request: HttpRequest | undefined,
): Exchange {
  const clusters = specifier.case === "weightedClusters" ? specifier.value.clusters : [];
  const name =
    specifier.case === "cluster" ? specifier.value : clusters[walk.choose(clusters.map(({ weight }) => weight))]?.name;
  const cluster = name === undefined ? undefined : proxy.cluster(name);
  if (cluster === undefined) return failure("terminated", proxy.name, `${proxy.name} has no cluster ${name ?? ""}`);
  const exchange = callCluster(walk, proxy, cluster, request, new Set(), enterListener);
  return exchange === "no hosts"
    ? failure("terminated", proxy.name, `${clusterWords(cluster)} has no endpoint for ${proxy.name} (${cluster.name})`)
    : exchange;
}

function refusedByTls(
  walk: Walk,
  proxy: OpenProxy,
  listener: ListenerMessage,
  { transportSocket }: FilterChain,
  connection: Connection,
): Exchange | undefined {
  const tls =
    transportSocket?.configType.case === "typedConfig"
      ? unpack(DownstreamTlsContextSchema, transportSocket.configType.value)
      : undefined;
  const refuse = (cause: "connect-failure" | "terminated", words: string): Exchange => {
    walk.step(proxy, "TLS", listener.name, words);
    return failure(cause, proxy.name, `${proxy.name}: ${words}`);
  };
  if (tls === undefined)
    return connection.tls ? refuse("connect-failure", "speaks plain text here, and the caller TLS") : undefined;
  if (!connection.tls) return refuse("terminated", "takes mutual TLS only, and the caller speaks plain text");
  if (tls.requireClientCertificate === true && connection.identity === undefined)
    return refuse("terminated", "wants a certificate, and the caller shows none");
  return undefined;
}

/** The most specific chain that matches: by server name, then transport, then ALPN (Envoy, FilterChainMatch). */
function pickChain(
  { filterChains, defaultFilterChain }: ListenerMessage,
  connection: Connection,
): FilterChain | undefined {
  let best: { chain: FilterChain; rank: number } | undefined;
  for (const chain of filterChains) {
    const rank = rankOf(chain.filterChainMatch, connection);
    if (rank !== undefined && (best === undefined || rank > best.rank)) best = { chain, rank };
  }
  return best?.chain ?? defaultFilterChain;
}

function rankOf(match: FilterChainMatch | undefined, { port, tls, sni, alpn }: Connection): number | undefined {
  if (match === undefined) return 0;
  let rank = 0;
  if (match.destinationPort !== undefined) {
    if (match.destinationPort !== port) return undefined;
    rank += 1_000_000;
  }
  if (match.serverNames.length > 0) {
    const lengths = match.serverNames
      .filter((name) => name === sni || (name.startsWith("*.") && sni.endsWith(name.slice(1))))
      .map((name) => (name === sni ? 10_000 : name.length));
    if (lengths.length === 0) return undefined;
    rank += 10 * Math.max(...lengths);
  }
  if (match.transportProtocol !== "") {
    if (match.transportProtocol !== (tls ? "tls" : "raw_buffer")) return undefined;
    rank += 2;
  }
  if (match.applicationProtocols.length > 0) {
    if (!match.applicationProtocols.some((protocol) => alpn.includes(protocol))) return undefined;
    rank += 1;
  }
  return rank;
}
