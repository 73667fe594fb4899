import { objectId, type StepObject } from "./step-object.ts";
import type { XdsType } from "./syncz.ts";

/** Workloads of a namespace; no labels: all of it. */
export interface Selector {
  namespace: string;
  labels: Readonly<Record<string, string>>;
}

/** A Sidecar, as far as it tells who knows of a host. */
export interface Scope {
  selector: Selector;
  /** `NAMESPACE/HOST`, as Istio writes them; `.` is the Sidecar's own namespace. */
  hosts: readonly string[];
}

/** What is to be known of a cluster to say whom an object concerns. */
export interface Surroundings {
  scopes: readonly Scope[];
  /** Hosts that a gateway sends requests to. */
  exposed: ReadonlySet<string>;
  gateways: readonly Selector[];
  /** Who may use a host though its scope, as it is meant to be by now, doesn't have it (any more). */
  alsoUsing: ReadonlyMap<string, readonly Selector[]>;
}

/** Proxies that must have what became of an object, and the types of resources that it is in. */
export interface Concern {
  object: StepObject;
  id: string;
  types: readonly XdsType[];
  selectors: readonly Selector[];
  /** Gateways, too. */
  routers: boolean;
}

interface Spec {
  host?: string;
  hosts?: string[];
  gateways?: string[];
  selector?: { matchLabels?: Record<string, string> } | Record<string, string>;
  workloadSelector?: { labels?: Record<string, string> };
}

/**
 * Whom an object concerns. Whoever uses a host sees its routes and clusters through its Sidecar; policies and filters are
 * the selected workloads' own. Kinds that proxies get nothing of concern nobody.
 */
export function concernOf(object: StepObject, around: Surroundings): Concern {
  const { kind, namespace, name } = object;
  const spec = (object.spec ?? {}) as Spec;
  const concern = (types: readonly XdsType[], selectors: readonly Selector[], routers = false): Concern => ({
    object,
    id: objectId(object),
    types,
    selectors: routers ? [...selectors, ...around.gateways] : selectors,
    routers,
  });
  const own = (labels: Readonly<Record<string, string>> = {}): Selector => ({ namespace, labels });
  const users = (host: string) => usersOf(host, namespace, around);
  switch (kind) {
    case "VirtualService":
      if (spec.gateways?.some((gateway) => gateway !== "mesh")) return concern(["rds"], [], true);
      return concern(["rds"], (spec.hosts ?? []).flatMap(users));
    case "DestinationRule":
      return concern(["cds"], users(spec.host ?? ""), around.exposed.has(spec.host ?? ""));
    case "Service": {
      const host = `${name}.${namespace}.svc.cluster.local`;
      return concern(["cds"], users(host), around.exposed.has(host));
    }
    case "ServiceEntry":
      return concern(["cds"], (spec.hosts ?? []).flatMap(users));
    case "Gateway":
      return concern(["lds"], [], true);
    case "Sidecar":
      return concern(["cds", "lds"], [own(spec.workloadSelector?.labels)]);
    case "EnvoyFilter":
      return concern(["lds"], [own(spec.workloadSelector?.labels)]);
    case "AuthorizationPolicy":
    case "RequestAuthentication":
    case "PeerAuthentication":
      return concern(
        ["lds"],
        [own((spec.selector as { matchLabels?: Record<string, string> } | undefined)?.matchLabels)],
      );
    default:
      return concern([], []);
  }
}

export function isSelected({ namespace, labels }: Selector, workload: Selector): boolean {
  return (
    namespace === workload.namespace && Object.entries(labels).every(([name, value]) => workload.labels[name] === value)
  );
}

function usersOf(host: string, namespace: string, { scopes, alsoUsing }: Surroundings): Selector[] {
  const users = scopes.filter(({ selector, hosts }) =>
    hosts.some((entry) => {
      const [where = "", pattern = ""] = entry.split("/");
      const there = where === "*" || where === namespace || (where === "." && selector.namespace === namespace);
      return (
        there && (pattern === "*" || pattern === host || (pattern.startsWith("*.") && host.endsWith(pattern.slice(1))))
      );
    }),
  );
  return [...users.map(({ selector }) => selector), ...(alsoUsing.get(host) ?? [])];
}
