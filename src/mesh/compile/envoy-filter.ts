import { fromJson, type DescMessage, type JsonValue } from "@bufbuild/protobuf";
import { ClusterSchema, type Cluster } from "#gen/envoy/config/cluster/v3/cluster_pb.ts";
import { FilterChainSchema, FilterSchema } from "#gen/envoy/config/listener/v3/listener_components_pb.ts";
import { ListenerSchema } from "#gen/envoy/config/listener/v3/listener_pb.ts";
import { RouteSchema, VirtualHostSchema } from "#gen/envoy/config/route/v3/route_components_pb.ts";
import { RouteConfigurationSchema } from "#gen/envoy/config/route/v3/route_pb.ts";
import { HttpFilterSchema } from "#gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import { matchesLabels } from "../../objects/meta.ts";
import type { Stored } from "./index/objects.ts";
import type { EnvoyFilter } from "../../objects/istio.ts";
import type { Mesh } from "./mesh.ts";
import type { ApplyTo, ConfigPatch, Patch, PatchContext } from "./patch.ts";
import { patchCluster } from "./patch-cluster.ts";

const schemas = {
  CLUSTER: ClusterSchema,
  LISTENER: ListenerSchema,
  FILTER_CHAIN: FilterChainSchema,
  NETWORK_FILTER: FilterSchema,
  HTTP_FILTER: HttpFilterSchema,
  ROUTE_CONFIGURATION: RouteConfigurationSchema,
  VIRTUAL_HOST: VirtualHostSchema,
  HTTP_ROUTE: RouteSchema,
} satisfies Partial<Record<ApplyTo, DescMessage>>;
type Patchable = keyof typeof schemas;

/** Which kinds of patches a thing depends on; a filter for listeners must not make clusters different. */
export const patchGroups = {
  cluster: ["CLUSTER"],
  route: ["ROUTE_CONFIGURATION", "VIRTUAL_HOST", "HTTP_ROUTE"],
  listener: ["LISTENER", "FILTER_CHAIN", "NETWORK_FILTER", "HTTP_FILTER"],
} as const satisfies Record<string, readonly Patchable[]>;
export type PatchGroup = keyof typeof patchGroups;

export function envoyFilters(mesh: Mesh) {
  const { graph, indexes, settings } = mesh;

  /** Decoded patches of one filter, by `namespace/name`. Those that can't be decoded are left out, as istiod does. */
  const decoded = graph.family<string, readonly Patch[]>("envoy filter", (id) => {
    const [namespace, name] = id.split("/") as [string, string];
    const spec = indexes.envoyFilterByNamespace(namespace, (stored) => stored.name === name)[0]?.object.spec;
    return (spec?.configPatches ?? []).flatMap((patch) => {
      const decodedPatch = decode(patch);
      return decodedPatch === undefined ? [] : [decodedPatch];
    });
  });

  function decode({ applyTo, match, patch }: ConfigPatch): Patch | undefined {
    if (!(applyTo in schemas)) return undefined;
    const base = { applyTo, operation: patch.operation, match: match ?? {} };
    if (patch.operation === "REMOVE") return { ...base, value: undefined };
    try {
      return {
        ...base,
        value: fromJson(schemas[applyTo as Patchable], (patch.value ?? {}) as JsonValue, {
          registry: settings.registry,
        }),
      };
    } catch {
      return undefined;
    }
  }

  function applying(namespace: string, labels: Readonly<Record<string, string>>): Stored<EnvoyFilter>[] {
    const selects = (stored: Stored<EnvoyFilter>) =>
      matchesLabels(stored.object.spec?.workloadSelector?.labels, labels);
    const namespaces = namespace === settings.rootNamespace ? [namespace] : [settings.rootNamespace, namespace];
    // The root namespace's come first, then by priority, then by age (Istio reference, EnvoyFilter).
    return namespaces
      .flatMap((entry) => indexes.envoyFilterByNamespace(entry, selects))
      .sort((a, b) => (a.object.spec?.priority ?? 0) - (b.object.spec?.priority ?? 0));
  }

  const patchesOf = (key: string, context: PatchContext, group: readonly ApplyTo[]): Patch[] =>
    key === ""
      ? []
      : key
          .split(",")
          .flatMap((id) => decoded(id))
          .filter((patch) => group.includes(patch.applyTo) && inContext(patch.match.context, context));

  return {
    /** The filters with patches of that group and context which hold for a workload: `ns/name,…`, or "". */
    keyFor(
      namespace: string,
      labels: Readonly<Record<string, string>>,
      group: PatchGroup,
      context: PatchContext,
    ): string {
      const concerns = (patch: ConfigPatch) =>
        (patchGroups[group] as readonly ApplyTo[]).includes(patch.applyTo) && inContext(patch.match?.context, context);
      return applying(namespace, labels)
        .filter((stored) => stored.object.spec?.configPatches?.some(concerns))
        .map((stored) => `${stored.namespace}/${stored.name}`)
        .join(",");
    },
    patches: (key: string, group: PatchGroup, context: PatchContext) => patchesOf(key, context, patchGroups[group]),
    /** Undefined when a patch removes it. */
    cluster(
      key: string,
      context: PatchContext,
      cluster: Cluster,
      facts: { service: string; port: number; subset: string },
    ): Cluster | undefined {
      return patchCluster(patchesOf(key, context, patchGroups.cluster), cluster, facts);
    },
  };
}
export type EnvoyFilters = ReturnType<typeof envoyFilters>;

function inContext(wanted: string | undefined, context: PatchContext): boolean {
  return wanted === undefined || wanted === "ANY" || wanted === context;
}
