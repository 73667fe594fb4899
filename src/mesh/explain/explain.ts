import { HttpConnectionManagerSchema } from "#gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import { TcpProxySchema } from "#gen/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.ts";
import type { Listener } from "#gen/envoy/config/listener/v3/listener_pb.ts";
import type { Connection, Exchange } from "./exchange.ts";
import type { Alternative, Explanation, Outcome } from "./explanation.ts";
import type { HttpRequest } from "./http-message.ts";
import { enterListener } from "./listener.ts";
import { OpenProxy, unpack } from "./open-proxy.ts";
import type { ProxyAt, ProxyConfig, Question } from "./question.ts";
import { NotUnderstood } from "./text-match.ts";
import { failure } from "./upstream.ts";
import { openedBy, Walk } from "./walk.ts";
import { everyWay } from "./ways.ts";

/** Beyond these, ways are left out, and the explanation says so. */
const mostWays = 256;

/**
 * What happens to one made-up request: walks the encoded Envoy configuration of the proxies on its way, and sends
 * nothing. Pure: the same bytes and question, the same explanation.
 */
export function explain(callerConfig: ProxyConfig, proxyAt: ProxyAt, question: Question): Explanation {
  const caller = new OpenProxy(callerConfig);
  const opened = openedBy(proxyAt);
  const unknown = new Set<string>();
  const { ways, complete } = everyWay((choose) => {
    const walk = new Walk({ choose, stated: question.stated, caller, proxyAt: (address) => opened(address) });
    const outcome = tell(walk, caller, question);
    for (const word of walk.unknown) unknown.add(word);
    return { outcome, steps: walk.steps };
  }, mostWays);
  if (!complete) unknown.add(`There are more than ${mostWays} ways for this request; the others are left out`);
  const merged = new Map<string, Alternative>();
  for (const { chance, result } of ways) {
    const { status, flag, by, rule, object, cluster } = result.outcome;
    const key = JSON.stringify([status, flag, by, rule, object, cluster]);
    const known = merged.get(key);
    merged.set(key, known === undefined ? { chance, ...result } : { ...known, chance: known.chance + chance });
  }
  const alternatives = [...merged.values()].sort((a, b) => b.chance - a.chance);
  return { outcome: alternatives[0]!.outcome, steps: alternatives[0]!.steps, alternatives, unknown: [...unknown] };
}

function tell(walk: Walk, caller: OpenProxy, question: Question): Outcome {
  try {
    return outcomeOf(send(walk, caller, question), question);
  } catch (error) {
    if (!(error instanceof NotUnderstood)) throw error;
    walk.unknown.add(`The configuration holds ${error.message}, which isn't understood here`);
    return { status: 0, by: caller.name, reason: `can't be told: the configuration holds ${error.message}` };
  }
}

function send(walk: Walk, caller: OpenProxy, { method, url, headers, via, direct }: Question): Exchange {
  const target = new URL(url);
  const tcp = target.protocol === "tcp:";
  const request: HttpRequest = {
    method,
    scheme: target.protocol.slice(0, -1),
    // As it is written: not every client puts a path in its normal form before it sends it.
    authority: /^[^:]+:\/\/(?:[^/?#]*@)?([^/?#]*)/.exec(url)?.[1] ?? target.host,
    path: /^[^:]+:\/\/[^/?#]*(\/[^#]*)/.exec(url)?.[1] ?? `/${target.search}`,
    headers,
  };
  if (direct !== undefined) return sendPast(walk, caller, direct, tcp ? undefined : request);
  const port = target.port === "" ? (target.protocol === "https:" ? 443 : 80) : Number(target.port);
  if (via === "gateway") return sendIn(walk, caller, target, port, request);
  const listener = tcp || via === "address" ? standIn(caller, target.hostname, port) : proxyListener(caller);
  if (listener === undefined) {
    const wanted = tcp || via === "address" ? `listener for ${target.hostname}:${port}` : "HTTP proxy listener";
    walk.step(caller, "listener", wanted, "isn't there");
    return failure("connect-failure", caller.name, `${caller.name} has no ${wanted}: nobody declared that call`);
  }
  const connection: Connection = { address: "", port, tls: false, sni: "", alpn: [] };
  if (tcp) return enterListener(walk, caller, listener, connection, undefined);
  // TLS can't be told to a forward proxy in absolute form: clients tunnel it.
  const tunnel = via === "connect" || (via === "proxy" && target.protocol === "https:");
  return enterListener(
    walk,
    caller,
    listener,
    connection,
    tunnel
      ? {
          method: "CONNECT",
          scheme: "http",
          authority: `${target.hostname}:${port}`,
          path: "",
          headers: {},
          tunnelled: request,
        }
      : request,
  );
}

/**
 * From outside of the mesh, without a certificate, to a gateway, at a port of its Service: where it listens itself may be
 * another. The Gateway's port stands in the names of its routes, of plain HTTP in those of their virtual hosts.
 */
function sendIn(walk: Walk, gateway: OpenProxy, target: URL, port: number, request: HttpRequest): Exchange {
  const tls = target.protocol === "https:";
  const isAsked = (name: string) =>
    tls
      ? name.startsWith(`https.${port}.`)
      : name.startsWith("http.") && gateway.routes(name)?.virtualHosts.some((host) => host.name.endsWith(`:${port}`));
  const listener = gateway.listeners.find((candidate) =>
    managersOf(candidate).some(
      ({ routeSpecifier }) => routeSpecifier.case === "rds" && isAsked(routeSpecifier.value.routeConfigName),
    ),
  );
  if (listener === undefined) {
    walk.step(gateway, "listener", `port ${port}`, "isn't there");
    return failure("connect-failure", gateway.name, `${gateway.name} serves nothing on port ${port}`);
  }
  const alpn = tls ? ["h2", "http/1.1"] : [];
  return enterListener(
    walk,
    gateway,
    listener,
    { address: "", port, tls, sni: tls ? target.hostname : "", alpn },
    request,
  );
}

/** Past the caller's proxy, with its certificate. */
function sendPast(
  walk: Walk,
  caller: OpenProxy,
  { address, port }: { address: string; port: number },
  request: HttpRequest | undefined,
): Exchange {
  const callee = walk.proxyAt(address);
  const listener = callee?.listenerAt(address, port);
  if (callee === undefined || listener === undefined)
    return failure("connect-failure", `${address}:${port}`, `no proxy listens on ${address}:${port}`);
  return enterListener(
    walk,
    callee,
    listener,
    { address, port, tls: true, identity: caller.identity, sni: "", alpn: ["h2", "http/1.1"] },
    request,
  );
}

/** The listener that is an HTTP proxy for the app: it takes CONNECT. */
function proxyListener({ listeners }: OpenProxy): Listener | undefined {
  return listeners.find((listener) =>
    managersOf(listener).some(({ upgradeConfigs }) =>
      upgradeConfigs.some(({ upgradeType }) => upgradeType.toUpperCase() === "CONNECT"),
    ),
  );
}

/** The listener whose address stands for a callee's port: its routes, or its cluster, bear the callee's name. */
function standIn({ listeners }: OpenProxy, host: string, port: number): Listener | undefined {
  const isHost = (full: string) => full === host || full.startsWith(`${host}.`);
  return listeners.find((listener) => {
    if (
      managersOf(listener).some(
        ({ routeSpecifier }) =>
          routeSpecifier.case === "rds" &&
          isHost(routeSpecifier.value.routeConfigName.replace(/:\d+$/, "")) &&
          routeSpecifier.value.routeConfigName.endsWith(`:${port}`),
      )
    )
      return true;
    return filtersOf(listener).some((config) => {
      const specifier = unpack(TcpProxySchema, config)?.clusterSpecifier;
      const name =
        specifier?.case === "cluster"
          ? specifier.value
          : specifier?.case === "weightedClusters"
            ? specifier.value.clusters[0]?.name
            : undefined;
      const parts = name?.split("|") ?? [];
      return parts[0] === "outbound" && parts[1] === String(port) && isHost(parts[3] ?? "");
    });
  });
}

function filtersOf({ filterChains }: Listener) {
  return filterChains.flatMap(({ filters }) =>
    filters.flatMap(({ configType }) => (configType.case === "typedConfig" ? [configType.value] : [])),
  );
}
function managersOf(listener: Listener) {
  return filtersOf(listener).flatMap((config) => unpack(HttpConnectionManagerSchema, config) ?? []);
}

function outcomeOf(exchange: Exchange, { url }: Question): Outcome {
  const { by, flag, rule, object, words } = exchange.decision;
  const facts = {
    by,
    ...(flag !== undefined && { flag }),
    ...(rule !== undefined && { rule }),
    ...(object !== undefined && { object }),
  };
  if (exchange.kind === "failure") return { status: 0, ...facts, reason: `no answer: ${words}` };
  const { status, cluster } = exchange;
  const reason = url.startsWith("tcp:") ? `connected: ${by} is reached` : `${status}: ${words}`;
  return { status, ...facts, ...(cluster !== undefined && { cluster }), reason };
}
