import { paint } from "./output.ts";

/** What `GET /api/v1/clusters/NAME/ingress` answers. */
export interface Ingress {
  cluster: string;
  gateways: { pod: string; state: string; http: string; https: string }[];
  hosts: { host: string; path: string; app: string; jwt?: string; stage: string; curl?: string }[];
}

/** Where requests from outside enter, and a command for each exposed host. Pure. */
export function ingressLines({ gateways, hosts }: Ingress): string[] {
  if (gateways.length === 0) return ["no ingress gateway runs here"];
  return [
    ...gateways.map(
      ({ pod, state, http, https }) => `http ${http}  https ${https}  ${paint("grey", `(${pod}, ${state})`)}`,
    ),
    ...(hosts.length === 0
      ? ["no app exposes a host here (spec.expose)"]
      : hosts.map(({ app, host, path, curl }) => `${app}: ${curl ?? `${host}${path}`}`)),
  ];
}
