import { secretTypeUrl } from "../identity/secret-resource.ts";
import type { ProxyStream } from "../xds/proxy-stream.ts";
import type { XdsResource } from "../xds/delta-response.ts";
import { shortType } from "../xds/xds-metrics.ts";

export interface TypeView {
  subscribed: number | "all";
  acknowledged: number;
  /** Resources sent, and removals, that haven't been answered. */
  unanswered: number;
  rejected: { name: string; version: string; message: string; objects: string[] }[];
  /** Name → acknowledged version; in a single proxy's view only. */
  versions?: Record<string, string>;
  /** Name → version sent and not answered. */
  sent?: Record<string, string>;
}
export interface ProxyView {
  id: string;
  role: string;
  namespace: string;
  pod: string;
  serviceAccount: string;
  ip: string;
  labels: Readonly<Record<string, string>>;
  /** RFC 3339. */
  connectedAt: string;
  /** Everything that it should have is acknowledged. */
  settled: boolean;
  types: Record<string, TypeView>;
}

export function proxyView(stream: ProxyStream, detailed: boolean): ProxyView {
  const { id, role, namespace, name, serviceAccount, ip, labels } = stream.proxy;
  const types: Record<string, TypeView> = {};
  for (const [type, state] of stream.state.types) {
    const sent = state.unanswered();
    types[shortType(type)] = {
      subscribed: state.wildcard ? "all" : state.subscribed.size,
      acknowledged: state.held.size,
      unanswered: sent.reduce((sum, { versions, removed }) => sum + versions.size + removed.length, 0),
      rejected: [...state.rejected].map(([rejected, { version, message }]) => ({
        name: rejected,
        version,
        message,
        objects: stream.sources(type, rejected),
      })),
      ...(detailed && {
        versions: Object.fromEntries([...state.held].sort(([a], [b]) => (a < b ? -1 : 1))),
        sent: Object.fromEntries(sent.flatMap(({ versions }) => [...versions])),
      }),
    };
  }
  return {
    id,
    role,
    namespace,
    pod: name,
    serviceAccount,
    ip,
    labels,
    connectedAt: new Date(stream.connectedAt).toISOString(),
    settled: stream.state.complete && stream.state.settled(),
    types,
  };
}

export interface ConfigEntry {
  resource: XdsResource;
  /** Undefined: not acknowledged in any version. */ acknowledged: string | undefined;
}

/** Everything that a proxy should have now, secrets left out: private keys are nobody else's. */
export function proxyConfig(stream: ProxyStream): ConfigEntry[] {
  const entries: ConfigEntry[] = [];
  for (const [type, state] of stream.state.types) {
    if (type === secretTypeUrl) continue;
    const names = state.wildcard ? stream.all(type).keys() : state.subscribed;
    for (const name of names) {
      const resource = stream.get(type, name);
      if (typeof resource === "object") entries.push({ resource, acknowledged: state.held.get(name) });
    }
  }
  return entries;
}
