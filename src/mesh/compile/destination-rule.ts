import { isDeepStrictEqual } from "node:util";
import type { ConsistentHash, Subset, TrafficPolicy } from "../../objects/istio.ts";
import { matchesLabels } from "../../objects/meta.ts";
import type { Mesh } from "./mesh.ts";
import { fullHost, hostMatches } from "./names.ts";
import { isVisible, type MeshService } from "./service.ts";

/** The DestinationRules of one host that hold for a client, as one: the oldest's policy, everyone's subsets. */
export interface Rule {
  /** `namespace/name` of the oldest, or "" when there is none. */
  readonly id: string;
  readonly trafficPolicy: TrafficPolicy | undefined;
  readonly subsets: readonly Subset[];
}

interface Head {
  readonly id: string;
  readonly namespace: string;
  readonly exportTo: readonly string[];
  readonly host: string;
  readonly selector: Record<string, string> | undefined;
}

const noRule: Rule = { id: "", trafficPolicy: undefined, subsets: [] };

export function destinationRules(mesh: Mesh) {
  const { graph, indexes, settings } = mesh;

  /** Of the rules for a host (`*`: for all wildcards), what decides whether they hold: an edit of their policies changes nothing here. */
  const heads = graph.family<string, readonly Head[]>(
    "destination rules of host",
    (host) =>
      indexes.destinationRuleByHost(host).map((stored) => ({
        id: `${stored.namespace}/${stored.name}`,
        namespace: stored.namespace,
        exportTo: stored.object.spec?.exportTo ?? ["*"],
        host: fullHost(stored.object.spec?.host ?? "", stored.namespace, settings.clusterDomain),
        selector: stored.object.spec?.workloadSelector?.matchLabels,
      })),
    { equal: isDeepStrictEqual },
  );

  /** Those of a namespace for the most specific host that has any. Rules for certain workloads hold in their own namespace only, and come before those for all. */
  function inNamespace(
    host: string,
    namespace: string,
    viewer: string,
    labels: Readonly<Record<string, string>>,
  ): readonly Head[] {
    const holds = (head: Head) =>
      head.namespace === namespace &&
      isVisible(head.exportTo, namespace, viewer) &&
      (head.selector === undefined || (namespace === viewer && matchesLabels(head.selector, labels)));
    let found = heads(host).filter(holds);
    if (found.length === 0) {
      const wild = heads("*").filter((head) => holds(head) && hostMatches(head.host, host));
      const longest = Math.max(...wild.map((head) => head.host.length));
      found = wild.filter((head) => head.host.length === longest);
    }
    const selecting = found.filter(({ selector }) => selector !== undefined);
    return selecting.length > 0 ? selecting : found;
  }

  const rule = graph.family<string, Rule>(
    "destination rule",
    (key) => {
      if (key === "") return noRule;
      const specs = key
        .split(",")
        .flatMap((id) => indexes.destinationRule(id).map((stored) => ({ id, spec: stored.object.spec })));
      const subsets = new Map<string, Subset>();
      for (const { spec } of specs)
        for (const subset of spec?.subsets ?? []) if (!subsets.has(subset.name)) subsets.set(subset.name, subset);
      return {
        id: specs[0]?.id ?? "",
        trafficPolicy: specs.find(({ spec }) => spec?.trafficPolicy !== undefined)?.spec?.trafficPolicy,
        subsets: [...subsets.values()],
      };
    },
    { equal: isDeepStrictEqual },
  );

  return {
    rule,
    /** Of a rule, only the consistent hash: all that routes depend on. */
    consistentHash: graph.family<{ rule: string; port: number; subset: string }, ConsistentHash | undefined>(
      "consistent hash",
      (key) => effectivePolicy(rule(key.rule), key.subset, key.port).loadBalancer?.consistentHash,
      { id: ({ rule, port, subset }) => `${rule}|${port}|${subset}`, equal: isDeepStrictEqual },
    ),
    /**
     * Which rules a client's proxy uses for a service, as a key for `rule`: `ns/name,ns/name`, or "". Looked up in the
     * client's namespace, then the service's, then the root namespace (Istio, "Traffic management best practices").
     */
    keyFor(service: MeshService, viewer: string, labels: Readonly<Record<string, string>>): string {
      for (const namespace of new Set([viewer, service.namespace, settings.rootNamespace])) {
        const found = inNamespace(service.host, namespace, viewer, labels);
        if (found.length > 0) return found.map(({ id }) => id).join(",");
      }
      return "";
    },
  };
}
export type DestinationRules = ReturnType<typeof destinationRules>;

type PortPolicy = Omit<TrafficPolicy, "portLevelSettings">;

/**
 * The policy for a port and subset. A subset's settings replace the host's, one kind at a time; settings for a port
 * replace all four kinds together: what they leave out is the default, not the host's (Istio reference,
 * `TrafficPolicy.portLevelSettings`).
 */
export function effectivePolicy(rule: Rule, subsetName: string, port: number): PortPolicy {
  const subset = subsetName === "" ? undefined : rule.subsets.find((entry) => entry.name === subsetName);
  const merged: TrafficPolicy = { ...rule.trafficPolicy, ...definedOnly(subset?.trafficPolicy) };
  const { portLevelSettings, ...policy } = merged;
  const forPort = portLevelSettings?.find((entry) => entry.port.number === port);
  if (forPort === undefined) return policy;
  const { port: _, ...settings } = forPort;
  return { ...settings, ...(policy.retryBudget === undefined ? {} : { retryBudget: policy.retryBudget }) };
}

function definedOnly(policy: TrafficPolicy | undefined): Partial<TrafficPolicy> {
  return Object.fromEntries(Object.entries(policy ?? {}).filter(([, value]) => value !== undefined));
}
