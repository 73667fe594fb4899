/** The names by which Istio and Envoy know things. */

/** `catalog.food.svc.cluster.local`. */
export function serviceHost(name: string, namespace: string, clusterDomain: string): string {
  return `${name}.${namespace}.svc.${clusterDomain}`;
}

/**
 * A host as VirtualService and DestinationRule write it, in full: a short name (no dot, no wildcard) is a service of
 * the object's own namespace, everything else stands as it is (Istio reference, `VirtualService.hosts`).
 */
export function fullHost(host: string, namespace: string, clusterDomain: string): string {
  return host.includes(".") || host.includes("*") ? host : serviceHost(host, namespace, clusterDomain);
}

/** The host itself, then every wildcard that covers it, most specific first; last `*`. */
export function hostAndWildcards(host: string): string[] {
  const names = [host];
  const labels = host.replace(/^\*\./, "").split(".");
  for (let start = host.startsWith("*.") ? 0 : 1; start < labels.length; start++) {
    const wildcard = `*.${labels.slice(start).join(".")}`;
    if (wildcard !== host) names.push(wildcard);
  }
  if (host !== "*") names.push("*");
  return names;
}

/** Whether a host (maybe itself a wildcard) falls under a pattern: `*`, `*.example.com` or an exact name. */
export function hostMatches(pattern: string, host: string): boolean {
  if (pattern === "*" || pattern === host) return true;
  return pattern.startsWith("*.") && host.endsWith(pattern.slice(1)) && host.length > pattern.length - 1;
}

export function outboundCluster(port: number, subset: string, host: string): string {
  return `outbound|${port}|${subset}|${host}`;
}
export function inboundCluster(port: number): string {
  return `inbound|${port}||`;
}
/** The server name in the TLS handshake between sidecars, as istiod gives it; east-west gateways route by it. */
export function outboundSni(port: number, subset: string, host: string): string {
  return `outbound_.${port}_.${subset}_.${host}`;
}

/** `outbound|PORT|SUBSET|HOST` taken apart; undefined for any other name. */
export function parseOutboundCluster(name: string): { port: number; subset: string; host: string } | undefined {
  const parts = name.split("|");
  const port = Number(parts[1]);
  if (parts.length !== 4 || parts[0] !== "outbound" || !Number.isInteger(port)) return undefined;
  return { port, subset: parts[2]!, host: parts[3]! };
}

export const httpProxyRoutes = "http_proxy";
export const httpProxyListener = "http_proxy";
/** Where CONNECT requests to HTTP services continue, inside the same Envoy. */
export const tunnelListener = "connect_tunnel";
export const tunnelCluster = "connect_tunnel";
export const healthListener = "health";
export const passthroughCluster = "PassthroughCluster";
export const blackHoleCluster = "BlackHoleCluster";
