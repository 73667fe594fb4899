import { isHttp } from "../model/protocol.ts";
import type { RosterPort } from "../model/rows.ts";
import type { Service, ServiceAccount, ServicePort } from "../objects/core.ts";
import { head } from "./names.ts";
import type { Reader } from "./reader.ts";

/** In home clusters and in those where only callers run: there it gives the name, and stands beside no pods. */
export function service(namespace: string, app: string, read: Reader): Service | undefined {
  const roster = read.roster(app);
  if (roster?.segment !== namespace || read.lane(app) === undefined || roster.ports.length === 0) return undefined;
  return {
    ...head("Service", namespace, app, { app }),
    spec: { selector: { app }, ports: servicePorts(roster.ports) },
  };
}

/** The declared ports, and the first HTTP port once more as 80, so that `http://app.segment` works. */
export function servicePorts(ports: readonly RosterPort[]): ServicePort[] {
  const declared: ServicePort[] = ports.map(({ name, port, protocol }) => ({
    name,
    port,
    targetPort: port,
    protocol: "TCP",
    appProtocol: protocol,
  }));
  const first = ports.find(({ protocol }) => isHttp(protocol));
  if (first === undefined || ports.some(({ port }) => port === 80)) return declared;
  return [
    ...declared,
    { name: `${first.name}-80`, port: 80, targetPort: first.port, protocol: "TCP", appProtocol: first.protocol },
  ];
}

/** The app's identity. */
export function serviceAccount(namespace: string, app: string, read: Reader): ServiceAccount | undefined {
  if (read.roster(app)?.segment !== namespace || read.homeLane(app) === undefined) return undefined;
  return head("ServiceAccount", namespace, app, { app });
}
