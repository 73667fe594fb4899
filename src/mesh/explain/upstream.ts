import { toBinary } from "@bufbuild/protobuf";
import { ClusterSchema, type Cluster } from "#gen/envoy/config/cluster/v3/cluster_pb.ts";
import { ListenerSchema, type Listener } from "#gen/envoy/config/listener/v3/listener_pb.ts";
import { overflow } from "./breaker.ts";
import { msWords } from "./duration.ts";
import { findsHostsItself, hostsOf, type Host } from "./endpoints.ts";
import { atOnce, type Connection, type Exchange, type Failure } from "./exchange.ts";
import type { HttpRequest } from "./http-message.ts";
import { objectOf, objectWords, type OpenProxy } from "./open-proxy.ts";
import { accepts, acceptedWords, showsCertificate, tlsTo } from "./transport.ts";
import type { Walk } from "./walk.ts";

/** What a listener does with a request (or, without one, with a connection): given by the listener's own file, which comes here again. */
export type Enter = (
  walk: Walk,
  proxy: OpenProxy,
  listener: Listener,
  connection: Connection,
  request: HttpRequest | undefined,
) => Exchange;

/** `pricing.food`, as Istio's metadata says, else the cluster's name. */
export function clusterWords({ name, metadata }: Cluster): string {
  const service = (
    metadata?.filterMetadata["istio"]?.["services"] as { name?: string; namespace?: string }[] | undefined
  )?.[0];
  return service?.name === undefined ? name : `${service.name}.${service.namespace ?? ""}`;
}

/** One try through a cluster. `tried` holds the hosts of earlier tries, and is added to. `no hosts`: nobody to send it to. */
export function callCluster(
  walk: Walk,
  proxy: OpenProxy,
  cluster: Cluster,
  request: HttpRequest | undefined,
  tried: Set<string>,
  enter: Enter,
): Exchange | "no hosts" {
  if (findsHostsItself(cluster)) {
    walk.step(proxy, "cluster", cluster.name, "goes wherever the name leads");
    return answerOf(walk, cluster.name, undefined);
  }
  const hosts = hostsOf(proxy, cluster);
  const object = objectOf(cluster.metadata);
  if (hosts.length === 0) {
    walk.step(proxy, "cluster", cluster.name, "has no endpoint", object);
    return "no hosts";
  }
  const host = pickHost(walk, hosts, tried);
  if (host.internal !== undefined) {
    const listener = proxy.listener(host.internal);
    if (listener === undefined)
      return failure("connect-failure", proxy.name, `there is no listener ${host.internal} in ${proxy.name}`);
    return enter(
      walk,
      proxy,
      listener,
      { address: "", port: 0, tls: false, sni: "", alpn: [] },
      request?.tunnelled ?? request,
    );
  }
  walk.step(
    proxy,
    "cluster",
    cluster.name,
    `${hosts.length === 1 ? "one endpoint" : `one of ${hosts.length} endpoints`}, here ${host.address}:${host.port}`,
    object,
  );
  const full = overflow(cluster, walk.inUse(proxy));
  if (full === "waits")
    walk.unknown.add(
      `All connections of ${proxy.name} to ${clusterWords(cluster)} are in use: the request waits for one, and how long can't be told`,
    );
  else if (full !== undefined) {
    const words = `${proxy.name} allows ${full.limit} ${full.words} to ${clusterWords(cluster)}${object === undefined ? "" : ` (${objectWords(object)})`}, and ${full.inUse} were said to be there`;
    walk.step(proxy, "pool", full.rule, `full: ${full.inUse} of ${full.limit} ${full.words}`, object);
    return {
      kind: "failure",
      cause: "overflow",
      after: atOnce,
      decision: { by: proxy.name, flag: "UO", rule: full.rule, ...(object !== undefined && { object }), words },
    };
  }
  return connect(walk, proxy, cluster, host, request, enter);
}

function connect(
  walk: Walk,
  proxy: OpenProxy,
  cluster: Cluster,
  host: Host,
  request: HttpRequest | undefined,
  enter: Enter,
): Exchange {
  const tls = tlsTo(cluster, host);
  const isLocal = host.address === "127.0.0.1";
  const callee = isLocal ? undefined : walk.proxyAt(host.address);
  if (callee === undefined)
    return answerOf(walk, isLocal ? proxy.name : `${host.address}:${host.port}`, isLocal ? proxy : undefined);
  const listener = callee.listenerAt(host.address, host.port);
  if (listener === undefined) {
    walk.step(callee, "listener", `${host.address}:${host.port}`, "nothing listens there");
    return failure("connect-failure", proxy.name, `${callee.name} listens on no port ${host.port}`);
  }
  if (tls !== undefined && !accepts(tls, callee.identity)) {
    walk.step(proxy, "identity", callee.identity, `isn't accepted: only ${acceptedWords(tls)}`);
    return failure(
      "connect-failure",
      proxy.name,
      `${proxy.name} accepts only ${acceptedWords(tls)} there, and finds ${callee.identity}`,
    );
  }
  const connection: Connection = {
    address: host.address,
    port: host.port,
    tls: tls !== undefined,
    sni: tls?.sni ?? "",
    alpn: tls?.commonTlsContext?.alpnProtocols ?? [],
    ...(tls !== undefined && showsCertificate(tls) && { identity: proxy.identity }),
  };
  return enter(walk, callee, listener, connection, request);
}

/** The app itself, or a server whose proxy isn't known: answers what was stated. */
function answerOf(walk: Walk, name: string, proxy: OpenProxy | undefined): Exchange {
  const { status, delayMs, nth } = walk.nextAnswer();
  const by = proxy === undefined ? name : `the app of ${name}`;
  const said =
    typeof status === "number"
      ? `${status}`
      : status === "refused"
        ? "nothing: nobody listens"
        : "nothing: it closes the connection";
  const detail = `was said to answer ${said}${delayMs > 0 ? ` after ${msWords(delayMs)}` : ""}${nth > 1 ? ` (time ${nth})` : ""}`;
  if (proxy !== undefined) walk.step(proxy, "app", by, detail);
  const after = { from: delayMs, to: delayMs };
  if (typeof status === "number") return { kind: "reply", status, after, decision: { by, words: `${by} answers so` } };
  return { ...failure(status === "refused" ? "connect-failure" : "terminated", by, `${by} ${detail}`), after };
}

export function failure(cause: Failure["cause"], by: string, words: string): Failure {
  return {
    kind: "failure",
    cause,
    after: atOnce,
    decision: { by, flag: cause === "connect-failure" ? "UF" : cause === "terminated" ? "UC" : "UO", words },
  };
}

/** Hosts that behave alike count as one; a retry goes to one that wasn't tried, while there is any. */
function pickHost(walk: Walk, hosts: readonly Host[], tried: Set<string>): Host {
  const name = ({ address, port, internal }: Host) => internal ?? `${address}:${port}`;
  const fresh = hosts.filter((host) => !tried.has(name(host)));
  const groups = new Map<string, Host[]>();
  for (const host of fresh.length > 0 ? fresh : hosts) {
    const kind = behaviourOf(walk, host);
    groups.set(kind, [...(groups.get(kind) ?? []), host]);
  }
  const kinds = [...groups.values()];
  const picked = kinds[walk.choose(kinds.map((group) => group.reduce((sum, { weight }) => sum + weight, 0)))]![0]!;
  tried.add(name(picked));
  return picked;
}

const behaviours = new WeakMap<Listener, string>();

/** What a host's proxy does, told by its configuration without its own addresses. */
function behaviourOf(walk: Walk, host: Host): string {
  const proxy = host.address === "127.0.0.1" ? undefined : walk.proxyAt(host.address);
  const listener = proxy?.listenerAt(host.address, host.port);
  if (proxy === undefined || listener === undefined) return proxy === undefined ? "unknown" : "nothing listens";
  let known = behaviours.get(listener);
  if (known === undefined)
    behaviours.set(
      listener,
      (known = Buffer.from(toBinary(ListenerSchema, { ...listener, name: "", address: undefined })).toString("base64")),
    );
  const cluster = proxy.cluster(`inbound|${host.port}||`);
  const pool =
    cluster === undefined
      ? ""
      : Buffer.from(toBinary(ClusterSchema, { ...cluster, loadAssignment: undefined })).toString("base64");
  return `${proxy.identity} ${known} ${pool}`;
}
