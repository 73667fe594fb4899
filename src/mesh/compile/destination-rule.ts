import { isDeepStrictEqual } from "node:util";
import type { DestinationRule, DestinationRuleSpec, Subset, TrafficPolicy } from "../../objects/istio.ts";
import { matchesLabels } from "../../objects/meta.ts";
import type { Stored } from "./index/objects.ts";
import type { Mesh } from "./mesh.ts";
import { hostAndWildcards } from "./names.ts";
import { isVisible, type MeshService } from "./service.ts";

/** The DestinationRules of one host that hold for a client, as one: the oldest's policy, everyone's subsets. */
export interface Rule {
  /** `namespace/name` of the oldest, or "" when there is none. */
  readonly id: string;
  readonly trafficPolicy: TrafficPolicy | undefined;
  readonly subsets: readonly Subset[];
}

const noRule: Rule = { id: "", trafficPolicy: undefined, subsets: [] };

export function destinationRules(mesh: Mesh) {
  const { graph, indexes, settings } = mesh;

  /** Those of a namespace for the most specific host that has any. */
  function inNamespace(host: string, namespace: string, viewer: string, labels: Readonly<Record<string, string>>): Stored<DestinationRule>[] {
    for (const name of hostAndWildcards(host)) {
      const found = indexes.destinationRuleByHost(name, (stored) => stored.namespace === namespace && visibleTo(stored, viewer) && selects(stored.object.spec, namespace === viewer, labels));
      // A rule for certain workloads comes before one for all.
      const selecting = found.filter((stored) => stored.object.spec?.workloadSelector !== undefined);
      if (selecting.length > 0) return selecting;
      if (found.length > 0) return found;
    }
    return [];
  }

  return {
    /**
     * Which rules a client's proxy uses for a service, as a key for `rule`: `ns/name,ns/name`, or "". Looked up in the
     * client's namespace, then the service's, then the root namespace (Istio, "Traffic management best practices").
     */
    keyFor(service: MeshService, viewer: string, labels: Readonly<Record<string, string>>): string {
      for (const namespace of new Set([viewer, service.namespace, settings.rootNamespace])) {
        const found = inNamespace(service.host, namespace, viewer, labels);
        if (found.length > 0) return found.map((stored) => `${stored.namespace}/${stored.name}`).join(",");
      }
      return "";
    },

    rule: graph.family<string, Rule>("destination rule", (key) => {
      if (key === "") return noRule;
      const specs = key.split(",").flatMap((id) => indexes.destinationRule(id).map((stored) => ({ id, spec: stored.object.spec })));
      const subsets = new Map<string, Subset>();
      for (const { spec } of specs) for (const subset of spec?.subsets ?? []) if (!subsets.has(subset.name)) subsets.set(subset.name, subset);
      return { id: specs[0]?.id ?? "", trafficPolicy: specs.find(({ spec }) => spec?.trafficPolicy !== undefined)?.spec?.trafficPolicy, subsets: [...subsets.values()] };
    }, { equal: isDeepStrictEqual }),
  };
}
export type DestinationRules = ReturnType<typeof destinationRules>;

function visibleTo(stored: Stored<DestinationRule>, viewer: string): boolean {
  return isVisible(stored.object.spec?.exportTo ?? ["*"], stored.namespace, viewer);
}

function selects(spec: DestinationRuleSpec | undefined, sameNamespace: boolean, labels: Readonly<Record<string, string>>): boolean {
  if (spec?.workloadSelector === undefined) return true;
  return sameNamespace && matchesLabels(spec.workloadSelector.matchLabels, labels as Record<string, string>);
}

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
