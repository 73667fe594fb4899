import { isDeepStrictEqual } from "node:util";
import type { Gateway, GatewaySpec } from "../../objects/istio.ts";
import { matchesLabels } from "../../objects/meta.ts";
import type { Stored } from "./index/objects.ts";
import type { Mesh } from "./mesh.ts";
import { isHttp, namedProtocol } from "./protocol.ts";
import type { View } from "./view.ts";

type Server = NonNullable<GatewaySpec["servers"]>[number];

/** One server of a Gateway that a router carries out. */
export interface GatewayServer {
  /** `namespace/name` of the Gateway. */
  readonly gateway: string;
  readonly namespace: string;
  readonly server: Server;
  /** Host patterns without their namespace part. */
  readonly hosts: readonly string[];
  /** Where its routes are: `http.PORT` for all plain HTTP servers of a port (where the router listens), else a name of its own. */
  readonly routes: string;
  /** The Service's port. */
  readonly port: number;
  /** Where the router listens for it. */
  readonly bindPort: number;
  readonly kind: "http" | "https" | "tls" | "tcp";
}

export function gatewayServers(mesh: Mesh) {
  const { graph, indexes } = mesh;

  /** Service port → target port, from the Services in front of the router. */
  function targetPort(view: View, port: number): number {
    for (const { object } of indexes.serviceByNamespace(
      view.namespace,
      (stored) =>
        Object.keys(stored.object.spec?.selector ?? {}).length > 0 &&
        matchesLabels(stored.object.spec?.selector, view.labels),
    )) {
      const found = object.spec?.ports?.find((entry) => entry.port === port);
      if (typeof found?.targetPort === "number") return found.targetPort;
    }
    return port;
  }

  /** The servers of all Gateways that select a router, oldest Gateway first. */
  return graph.family<View, readonly GatewayServer[]>(
    "gateway servers",
    (view) => {
      const selected = indexes.gateways("", (stored: Stored<Gateway>) =>
        matchesLabels(stored.object.spec?.selector, view.labels),
      );
      return selected.flatMap((stored) =>
        (stored.object.spec?.servers ?? []).map((server): GatewayServer => {
          const { number, name } = server.port;
          const kind = kindOf(server);
          const bindPort = targetPort(view, number);
          return {
            gateway: `${stored.namespace}/${stored.name}`,
            namespace: stored.namespace,
            server,
            port: number,
            bindPort,
            kind,
            hosts: server.hosts.map((host) => host.slice(host.indexOf("/") + 1)),
            routes: kind === "http" ? `http.${bindPort}` : `https.${number}.${name}.${stored.name}.${stored.namespace}`,
          };
        }),
      );
    },
    { id: (view) => view.id, equal: isDeepStrictEqual },
  );
}
export type GatewayServers = ReturnType<typeof gatewayServers>;

function kindOf({ port, tls }: Server): GatewayServer["kind"] {
  const protocol = namedProtocol(port.protocol);
  if (isHttp(protocol)) return "http";
  const passes = tls?.mode === "PASSTHROUGH" || tls?.mode === "AUTO_PASSTHROUGH";
  if (protocol === "https") return passes ? "tls" : "https";
  return protocol === "tls" ? "tls" : "tcp";
}

/** The namespaces whose VirtualServices a server's host pattern lets bind: `.` its own, `*` (or none) any. */
export function bindableFrom(server: Server, host: string, owner: string): string {
  const pattern = server.hosts.find((entry) => entry.slice(entry.indexOf("/") + 1) === host) ?? host;
  const slash = pattern.indexOf("/");
  const namespace = slash < 0 ? "*" : pattern.slice(0, slash);
  return namespace === "." ? owner : namespace;
}
