/** What a port speaks, as far as the mesh cares. `https` and `tls` are opaque and routed by server name. */
export type PortProtocol = "http" | "http2" | "grpc" | "tcp" | "tls" | "https";

const names: Record<string, PortProtocol> = {
  http: "http",
  "http-web": "http",
  http2: "http2",
  "kubernetes.io/h2c": "http2",
  grpc: "grpc",
  "grpc-web": "grpc",
  https: "https",
  tls: "tls",
  tcp: "tcp",
  mongo: "tcp",
  mysql: "tcp",
  redis: "tcp",
  udp: "tcp",
};

/**
 * The protocol of a Service's port: `appProtocol` first, else the port name's prefix (`name: http-web`), else TCP
 * (Istio, "Protocol Selection"; automatic detection is not done: an undeclared port is TCP).
 */
export function portProtocol(port: { name?: string; appProtocol?: string }): PortProtocol {
  const declared = port.appProtocol?.toLowerCase();
  if (declared !== undefined && names[declared] !== undefined) return names[declared];
  const name = port.name?.toLowerCase() ?? "";
  if (name.startsWith("grpc-web")) return "grpc";
  return names[name.split("-")[0] ?? ""] ?? "tcp";
}

/** The protocol of a ServiceEntry's or Gateway's port, where it is a field of its own. */
export function namedProtocol(protocol: string): PortProtocol {
  return names[protocol.toLowerCase()] ?? "tcp";
}

export function isHttp(protocol: PortProtocol): boolean {
  return protocol === "http" || protocol === "http2" || protocol === "grpc";
}
export function isHttp2(protocol: PortProtocol): boolean {
  return protocol === "http2" || protocol === "grpc";
}
