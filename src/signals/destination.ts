/** Whom an Envoy cluster leads to. */
export interface Destination {
  /** An app of the fleet, or a host outside of it. */
  app: string;
  /** Its namespace; null: outside. */
  segment: string | null;
  port: number;
  /** The subset; null: whatever is there. */
  revision: string | null;
}

/** Namespaces of what serves the fleet itself (the rate-limit service, gateways): nobody's callee. */
const systemNamespaces: readonly string[] = ["quipu-system", "istio-system"];

/** From `outbound|80|r3|catalog.food.svc.cluster.local`; undefined for any other name, and for what serves the fleet itself. The Service of an app is named like the app. */
export function destinationOf(cluster: string): Destination | undefined {
  const [direction, port, subset, host] = cluster.split("|");
  if (direction !== "outbound" || host === undefined || host === "") return undefined;
  const service = /^([^.]+)\.([^.]+)\.svc\./.exec(host);
  if (service !== null && systemNamespaces.includes(service[2]!)) return undefined;
  return {
    app: service?.[1] ?? host,
    segment: service?.[2] ?? null,
    port: Number(port),
    revision: subset === "" ? null : subset!,
  };
}
