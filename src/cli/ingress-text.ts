import { paint } from "./output.ts";

/** What `GET /api/v1/clusters/NAME/ingress` answers. */
export interface Ingress {
  cluster: string;
  gateways: { pod: string; state: string; http: string; https: string }[];
  hosts: { host: string; path: string; app: string; tls: boolean; jwt?: string; stage: string }[];
}

/** Where requests from outside enter, and a command for each exposed host. Pure. */
export function ingressLines({ gateways, hosts }: Ingress): string[] {
  const gateway = gateways.find(({ state }) => state === "ready") ?? gateways[0];
  if (gateway === undefined) return ["no ingress gateway runs here"];
  return [
    ...gateways.map(
      ({ pod, state, http, https }) => `http ${http}  https ${https}  ${paint("grey", `(${pod}, ${state})`)}`,
    ),
    ...(hosts.length === 0
      ? ["no app exposes a host here (spec.expose)"]
      : hosts.map((host) => `${host.app}: ${callOf(host, gateway)}`)),
  ];
}

/** A curl command that reaches the host through the gateway, wherever its name resolves to. */
export function callOf(
  { host, path, tls, jwt }: Pick<Ingress["hosts"][number], "host" | "path" | "tls" | "jwt">,
  { http, https }: Pick<Ingress["gateways"][number], "http" | "https">,
): string {
  const [ip, port] = https.split(":");
  const exact = path.replace(/\*$/, "");
  const token = jwt === undefined ? "" : " -H 'authorization: Bearer TOKEN'";
  // --resolve, for the certificate is asked for by name.
  return tls
    ? `curl -k --resolve ${host}:${port}:${ip}${token} https://${host}:${port}${exact}`
    : `curl -H 'host: ${host}'${token} http://${http}${exact}`;
}
