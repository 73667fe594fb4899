/**
 * What stands in for iptables. In a pod, all that an app sends goes to its sidecar's listener `virtualOutbound`, all that
 * comes for it to `virtualInbound`, and the kernel tells the sidecar where each connection was meant to go. Processes on
 * loopback addresses have no rules of the kernel's between them, so that one EnvoyFilter of the test's own for each
 * workload says the same in another way; everything behind those two listeners is as istiod makes it.
 */
import { connect, createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import type { EnvoyFilter } from "../../../src/objects/istio.ts";

/** Label of one workload, of which an app has several. */
export const processLabel = "test/process";

export interface Captured {
  name: string;
  namespace: string;
  /** The workload's own, a loopback address. */
  ip: string;
  /** Declared port → where the app listens on 127.0.0.1. */
  appPorts: Readonly<Record<string, number>>;
  /** Unix socket that takes what the app sends. */
  socket: string;
}

type Patch = NonNullable<NonNullable<EnvoyFilter["spec"]>["configPatches"]>[number];

/**
 * Outbound: connections come by a Unix socket and begin with a line of the PROXY protocol (haproxy.org,
 * "proxy-protocol.txt"), which says where they were meant to go. A Unix socket, because of a connection by TCP Envoy asks
 * the kernel, too, and believes it more. Inbound: the declared ports are listened on; what is let in goes to where the
 * app listens instead of the address that was captured.
 */
export function captureFilter({ name, namespace, ip, appPorts, socket }: Captured): EnvoyFilter {
  const [first, ...others] = Object.keys(appPorts).map((port) => ({
    address: { socket_address: { address: ip, port_value: Number(port) } },
  }));
  const inbound =
    first === undefined ? [] : [merge("SIDECAR_INBOUND", "virtualInbound", { ...first, additional_addresses: others })];
  const proxyProtocol = {
    name: "envoy.filters.listener.proxy_protocol",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol",
    },
  };
  return {
    apiVersion: "networking.istio.io/v1alpha3",
    kind: "EnvoyFilter",
    metadata: { name: `capture-${name}`, namespace },
    spec: {
      workloadSelector: { labels: { [processLabel]: name } },
      configPatches: [
        merge("SIDECAR_OUTBOUND", "virtualOutbound", {
          address: { pipe: { path: socket, mode: 0o600 } },
          listener_filters: [proxyProtocol],
        }),
        ...inbound,
        ...Object.entries(appPorts).map(([port, own]) => toApp(`inbound|${port}||`, own)),
      ],
    },
  };
}

function merge(
  context: "SIDECAR_INBOUND" | "SIDECAR_OUTBOUND",
  listener: string,
  value: Record<string, unknown>,
): Patch {
  return {
    applyTo: "LISTENER",
    match: { context, listener: { name: listener } },
    patch: { operation: "MERGE", value },
  };
}

function toApp(name: string, port: number): Patch {
  const address = { socket_address: { address: "127.0.0.1", port_value: port } };
  const endpoints = [{ lb_endpoints: [{ endpoint: { address } }] }];
  return {
    applyTo: "CLUSTER",
    match: { context: "SIDECAR_INBOUND", cluster: { name } },
    patch: {
      operation: "MERGE",
      // Of one endpoint any policy makes the same choice, but the original one's is left to an original destination.
      value: { type: "STATIC", lb_policy: "RANDOM", load_assignment: { cluster_name: name, endpoints } },
    },
  };
}

/** A connection of the workload's app to that address, as the kernel hands it to the sidecar. */
export function capturedConnection({ ip, socket }: Captured, address: string, port: number): Socket {
  const connection = connect(socket);
  connection.write(`PROXY TCP4 ${ip} ${address} 1 ${port}\r\n`);
  return connection;
}

/** `127.0.0.1:PORT` that stands for that address, for clients that make their connections themselves. */
export async function capturedPort(
  captured: Captured,
  address: string,
  port: number,
): Promise<{ address: string; close(): void }> {
  const server = createServer((client) => {
    const connection = capturedConnection(captured, address, port);
    client.pipe(connection).pipe(client);
    client.on("error", () => connection.destroy());
    connection.on("error", () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.close();
    },
  };
}
