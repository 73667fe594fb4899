/**
 * Lays out what a proxy was sent as named parts that can be put side by side, whichever mesh sent it: the two divide a
 * sidecar's listeners in other ways (istiod for captured traffic, we for a proxy port and addresses of callees), and what
 * stands in them is the same. Pure.
 */
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { KubeObject } from "../../src/objects/meta.ts";
import { proxyAddresses } from "../../src/mesh/compile/view.ts";
import type { Proxy } from "../../src/mesh/resource.ts";
import { isObject, normalised } from "./normalise.ts";
import type { ProxyConfig } from "./proxy-client.ts";

export type Side = "istiod" | "quipu";
/** Part → what it holds. */
export type Units = ReadonlyMap<string, JsonValue>;

/** istiod's listener for clients that use it as a proxy (MeshConfig.proxyHttpPort). */
export const proxyHttpPort = 15_080;

/** `objects`: as the cluster has them, since Services got their addresses there. */
export function unitsOf(side: Side, config: ProxyConfig, proxy: Proxy, objects: readonly KubeObject[]): Units {
  const units = new Map<string, JsonValue>();
  const put = (name: string, value: JsonValue): void => void units.set(name, normalised(value));
  for (const [name, cluster] of config.cluster) put(`cluster ${name}`, cluster);
  for (const [name, assignment] of config.endpoints) put(`endpoints ${name}`, assignment);
  const callees = calleesOf(proxy, objects);
  routes(side, config, callees, put);
  const left = new Map(config.listener);
  const take = (name: string): JsonObject | undefined => {
    const found = left.get(name);
    left.delete(name);
    return found;
  };
  if (proxy.role === "router") {
    for (const [name, listener] of config.listener) {
      const port = /^[\d.]+_(\d+)$/.exec(name)?.[1];
      if (port !== undefined) put(`gateway listener ${port}`, take(name) ?? listener);
    }
  } else {
    const proxyListener = take(side === "istiod" ? `127.0.0.1_${proxyHttpPort}` : "http_proxy");
    if (proxyListener !== undefined) put("proxy listener", proxyListener);
    for (const { host, port, address, clusterIp } of callees) {
      // One of istiod's listeners may stand for several callees.
      const names = side === "quipu" ? [`${address}_${port}`] : [`${clusterIp}_${port}`, `0.0.0.0_${port}`];
      const name = names.find((one) => config.listener.has(one));
      if (name === undefined) continue;
      put(`callee listener ${host}:${port}`, config.listener.get(name)!);
      left.delete(name);
    }
    inbound(side, proxy, left, take, put);
  }
  for (const [name, listener] of left) put(`listener ${name}`, listener);
  return units;
}

interface Callee {
  host: string;
  port: number;
  /** What stands for it at this proxy. */
  address: string;
  clusterIp: string | undefined;
}

interface Ported {
  clusterIP?: string;
  hosts?: string[];
  ports?: { port?: number; number?: number }[];
}

function calleesOf(proxy: Proxy, objects: readonly KubeObject[]): Callee[] {
  return [...proxyAddresses(proxy).callees].flatMap(([host, address]) => {
    const object = objects.find(
      ({ kind, metadata, spec }) =>
        (kind === "Service" && host === `${metadata.name}.${metadata.namespace}.svc.cluster.local`) ||
        (kind === "ServiceEntry" && (spec as Ported).hosts?.includes(host)),
    );
    const { clusterIP, ports = [] } = (object?.spec ?? {}) as Ported;
    return ports.map(({ port, number }) => ({ host, port: (port ?? number)!, address, clusterIp: clusterIP }));
  });
}

/**
 * Each virtual host by itself, and the rest of its route configuration. What requests to a service meet at our proxy port
 * is put beside what istiod has for them at the service's own port: the routes of its proxy port lack the port of
 * destinations that don't name theirs (`outbound|0||HOST`). Of its proxy port the domains count.
 */
function routes(
  side: Side,
  { routeConfiguration }: ProxyConfig,
  callees: readonly Callee[],
  put: (name: string, value: JsonValue) => void,
): void {
  const byPort = new Set<string>();
  if (side === "istiod")
    for (const [name, { virtualHosts = [] }] of routeConfiguration)
      if (/^\d+$/.test(name))
        for (const { name: own } of virtualHosts as JsonObject[])
          if (String(own).endsWith(`:${name}`)) byPort.add(String(own));
  const isCallee = (name: string) => callees.some(({ host, port }) => name === `${host}:${port}` && port >= 1024);
  for (const [name, { virtualHosts = [], ...rest }] of routeConfiguration) {
    for (const host of virtualHosts as JsonObject[]) {
      const { domains = [], ...content } = host;
      const own = String(host["name"]);
      if (name === "http_proxy" && own.includes(":")) {
        put(`domains at the proxy port, ${own}`, { domains });
        if (!byPort.has(own)) put(`virtual host ${own}`, content);
      } else if (byPort.has(own) && own.endsWith(`:${name}`)) {
        put(`virtual host ${own}`, content);
        if (isCallee(own)) put(`virtual host by address, ${own}`, host);
      } else if (side === "quipu" && isCallee(name)) put(`virtual host by address, ${own}`, host);
      else put(`virtual host ${own} of ${name}`, host);
    }
    const names = (virtualHosts as JsonObject[]).map((host) => String(host["name"]));
    put(`routes ${name}`, { ...rest, virtualHosts: names });
    if (side === "istiod")
      for (const own of names.filter((one) => one.endsWith(`:${name}`) && isCallee(one)))
        put(`routes ${own}`, { ...rest, name: own, virtualHosts: [own] });
  }
}

/** What comes in: the filter chains of each port, with and without mutual TLS; the listener around them is another matter. */
function inbound(
  side: Side,
  proxy: Proxy,
  listeners: ReadonlyMap<string, JsonObject>,
  take: (name: string) => JsonObject | undefined,
  put: (name: string, value: JsonValue) => void,
): void {
  const names =
    side === "istiod" ? ["virtualInbound"] : [...listeners.keys()].filter((name) => name.startsWith(`${proxy.ip}_`));
  for (const listener of names) {
    const found = take(listener);
    if (found === undefined) continue;
    const { filterChains = [], ...rest } = found;
    for (const [index, chain] of (filterChains as JsonObject[]).entries()) {
      const { filterChainMatch, ...content } = chain;
      const match = isObject(filterChainMatch) ? { ...filterChainMatch } : {};
      const port = side === "istiod" ? match["destinationPort"] : listener.slice(proxy.ip.length + 1);
      delete match["destinationPort"];
      const how =
        content["transportSocket"] !== undefined
          ? "mutual TLS"
          : match["transportProtocol"] === "tls"
            ? "other TLS"
            : "plain text";
      if (port === undefined || String(chain["name"]).startsWith("virtualInbound"))
        put(`listener virtualInbound, ${String(chain["name"])} ${index}`, chain);
      else put(`inbound ${String(port)}, ${how}`, { ...content, filterChainMatch: match });
    }
    put(side === "istiod" ? "inbound listener" : `inbound listener ${listener.slice(proxy.ip.length + 1)}`, rest);
  }
}
