import type { ExposedHost } from "../model/rows.ts";
import type { Gateway, GatewaySpec, HTTPRoute, VirtualService } from "../objects/istio.ts";
import { httpRetry, weighted } from "./http-routes.ts";
import { byText, gatewaySelector, head, rootNamespace, seconds, serviceHost } from "./names.ts";
import type { Reader } from "./reader.ts";

interface Exposure extends ExposedHost {
  app: string;
  segment: string;
}

/** What is served on a host in this cluster: longest path first, so that the more specific wins; equals by app. */
function exposures(host: string, read: Reader): Exposure[] {
  return read
    .exposersOf(host)
    .flatMap((app) => {
      const roster = read.roster(app);
      if (roster === undefined || read.values(app) === undefined) return [];
      return roster.hosts
        .filter((entry) => entry.host === host && entry.stage === "open")
        .map((entry) => ({ ...entry, app, segment: roster.segment }));
    })
    .toSorted((a, b) => b.path.length - a.path.length || byText(a.path, b.path) || byText(a.app, b.app));
}

/** The host's servers: HTTP on 80, and HTTPS on 443 when somebody gave a certificate; HTTP then only leads there. */
export function gateway(namespace: string, host: string, read: Reader): Gateway | undefined {
  const served = namespace === rootNamespace ? exposures(host, read) : [];
  if (served.length === 0) return undefined;
  const credentialName = served.find(({ tls }) => tls !== undefined)?.tls?.secret;
  const servers: NonNullable<GatewaySpec["servers"]> = [
    {
      port: { number: 80, name: "http", protocol: "HTTP" },
      hosts: [host],
      ...(credentialName !== undefined && { tls: { httpsRedirect: true } }),
    },
    ...(credentialName === undefined
      ? []
      : [
          {
            port: { number: 443, name: "https", protocol: "HTTPS" },
            hosts: [host],
            tls: { mode: "SIMPLE" as const, credentialName },
          },
        ]),
  ];
  return { ...head("Gateway", namespace, host), spec: { selector: gatewaySelector, servers } };
}

/** The host's one VirtualService on the gateway: a route for each exposed path, with the weights that every caller has. */
export function ingressVirtualService(host: string, read: Reader): VirtualService | undefined {
  const served = exposures(host, read);
  if (served.length === 0) return undefined;
  return {
    ...head("VirtualService", rootNamespace, host),
    spec: {
      hosts: [host],
      gateways: [`${rootNamespace}/${host}`],
      http: served.map((exposure) => route(exposure, read)),
    },
  };
}

function route({ app, segment, path, port }: Exposure, read: Reader): HTTPRoute {
  const ports = read.roster(app)!.ports;
  const served = ports.find(({ name }) => name === port);
  const traffic = read.traffic(app)!;
  const destinations = served === undefined ? [] : weighted(serviceHost(app, segment), read.values(app)!, served.port);
  const timeoutMs = served?.protocol === "grpc" ? traffic.grpcTimeoutMs : traffic.timeoutMs;
  return {
    name: `${app}${path}`,
    ...(path !== "/" && {
      match: path.endsWith("/")
        ? [{ uri: { prefix: path } }]
        : [{ uri: { exact: path } }, { uri: { prefix: `${path}/` } }],
    }),
    ...(destinations.length > 0
      ? { route: destinations }
      : { directResponse: { status: 503, body: { string: "no revision is in service" } } }),
    ...(timeoutMs > 0 && { timeout: seconds(timeoutMs) }),
    retries: httpRetry(traffic.retries),
  };
}
