import type { Protocol } from "./rows.ts";

const known: readonly Protocol[] = ["http", "http2", "grpc", "tcp", "tls"];

/** Protocol of a port: appProtocol, else the name's part before the first '-', else tcp (Istio: "Protocol Selection"). */
export function protocolOf(port: { name: string; appProtocol?: Protocol | undefined }): Protocol {
  if (port.appProtocol !== undefined) return port.appProtocol;
  const prefix = port.name.split("-", 1)[0] as Protocol;
  return known.includes(prefix) ? prefix : "tcp";
}

/** Routed by request: routes, timeouts, retries and per-request limits apply. */
export function isHttp(protocol: Protocol): boolean {
  return protocol === "http" || protocol === "http2" || protocol === "grpc";
}
