import type { Proxy } from "../resource.ts";

/** What outbound configuration may depend on. Proxies with the same view see the same routes, clusters and endpoints. */
export interface View {
  readonly id: string;
  readonly role: Proxy["role"];
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The labels, as a string. */
  readonly labelsKey: string;
  readonly region: string;
  readonly zone: string;
  readonly network: string;
}

/** With all labels, those of a single replica too: a policy, a Service or a Sidecar may select by any of them. */
export function viewOf(proxy: Proxy): View {
  const labels = Object.fromEntries(Object.entries(proxy.labels).sort(([a], [b]) => (a < b ? -1 : 1)));
  const { region, zone } = proxy.locality;
  const { role, namespace, network } = proxy;
  return withLabels({ role, namespace, network, region, zone }, labels);
}

/** `labels` in an order of their own. */
export function withLabels(
  { role, namespace, network, region, zone }: Pick<View, "role" | "namespace" | "network" | "region" | "zone">,
  labels: Readonly<Record<string, string>>,
): View {
  const labelsKey = JSON.stringify(labels);
  const id = [role, namespace, region, zone, network, labelsKey].join("|");
  return { id, role, namespace, labels, labelsKey, region, zone, network };
}

/** Addresses that exist only for this proxy, from its node metadata (ARCHITECTURE.md, "Node metadata"). */
export interface ProxyAddresses {
  /** Where the HTTP proxy listens; absent: the proxy has none. */
  readonly proxy: { address: string; port: number } | undefined;
  /** Declared port → the port on 127.0.0.1 where the app listens. */
  readonly appPorts: ReadonlyMap<number, number>;
  /** Callee host → the address that stands for it here. */
  readonly callees: ReadonlyMap<string, string>;
}

/** Malformed entries are left out: what a node says of itself is not to be trusted blindly. */
export function proxyAddresses(proxy: Proxy): ProxyAddresses {
  const { QUIPU_PROXY, QUIPU_APP_PORTS, QUIPU_CALLEES } = proxy.metadata;
  const at = typeof QUIPU_PROXY === "string" ? /^([\d.]+):(\d+)$/.exec(QUIPU_PROXY) : null;
  const appPorts = new Map<number, number>();
  for (const [declared, own] of entries(QUIPU_APP_PORTS))
    if (isPort(Number(declared)) && isPort(Number(own))) appPorts.set(Number(declared), Number(own));
  const callees = new Map<string, string>();
  for (const [host, address] of entries(QUIPU_CALLEES))
    if (typeof address === "string" && /^[\d.]+$/.test(address)) callees.set(host, address);
  return { proxy: at === null ? undefined : { address: at[1]!, port: Number(at[2]) }, appPorts, callees };
}

/** Metadata arrives as an object, or as JSON text. */
function entries(value: unknown): [string, unknown][] {
  if (typeof value === "string") {
    try {
      return entries(JSON.parse(value) as unknown);
    } catch {
      return [];
    }
  }
  return typeof value === "object" && value !== null ? Object.entries(value) : [];
}

function isPort(value: number): boolean {
  return Number.isInteger(value) && value > 0 && value < 65_536;
}
