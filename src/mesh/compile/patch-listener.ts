import type { Registry } from "@bufbuild/protobuf";
import { FilterChainSchema, type FilterChain } from "#gen/envoy/config/listener/v3/listener_components_pb.ts";
import { ListenerSchema, type Listener } from "#gen/envoy/config/listener/v3/listener_pb.ts";
import type { HttpConnectionManager } from "#gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import { HttpConnectionManagerSchema } from "#gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import { fromBinary } from "@bufbuild/protobuf";
import { isWanted, valueOf, type Patch } from "./patch.ts";
import { managerFilter } from "./http-connection-manager.ts";
import { matchesListener, patchHttpFilters, patchNetworkFilters, type ListenerFacts } from "./patch-http-filter.ts";
import { merged } from "./patch-merge.ts";

const managerName = "envoy.filters.network.http_connection_manager";

/** Applies all patches that concern filter chains and what is in them. Returns the chains that remain. */
export function patchChains(
  registry: Registry,
  patches: readonly Patch[],
  chains: readonly FilterChain[],
  facts: ListenerFacts,
): FilterChain[] {
  if (patches.length === 0) return [...chains];
  return chains.flatMap((original) => {
    let chain = original;
    for (const patch of patches) {
      if (patch.applyTo !== "FILTER_CHAIN" || !matchesListener(patch, facts)) continue;
      if (!isWanted(patch.match.listener?.filterChain?.name, chain.name)) continue;
      if (patch.operation === "REMOVE") return [];
      if (patch.operation === "MERGE") chain = merged(FilterChainSchema, chain, valueOf(patch, FilterChainSchema));
    }
    const filters = [...chain.filters];
    patchNetworkFilters(registry, patches, filters, facts);
    for (const [index, filter] of filters.entries()) {
      if (filter.name !== managerName || filter.configType.case !== "typedConfig") continue;
      const manager: HttpConnectionManager = fromBinary(HttpConnectionManagerSchema, filter.configType.value.value);
      patchHttpFilters(registry, patches, manager, facts);
      filters[index] = managerFilter(manager);
    }
    return [{ ...chain, filters }];
  });
}

/** LISTENER patches with MERGE and REMOVE; undefined when removed. */
export function patchListener(
  patches: readonly Patch[],
  listener: Listener,
  facts: ListenerFacts,
): Listener | undefined {
  let result = listener;
  for (const patch of patches) {
    if (patch.applyTo !== "LISTENER" || !matchesListener(patch, facts)) continue;
    if (patch.operation === "REMOVE") return undefined;
    if (patch.operation === "MERGE") result = merged(ListenerSchema, result, valueOf(patch, ListenerSchema));
  }
  return result;
}

/** Listeners that patches with ADD bring along. */
export function addedListeners(patches: readonly Patch[]): Listener[] {
  return patches
    .filter((patch) => patch.applyTo === "LISTENER" && patch.operation === "ADD")
    .map((patch) => valueOf(patch, ListenerSchema));
}
