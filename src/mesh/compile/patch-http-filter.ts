import type { Registry } from "@bufbuild/protobuf";
import { FilterSchema, type Filter } from "#gen/envoy/config/listener/v3/listener_components_pb.ts";
import {
  HttpFilterSchema,
  type HttpConnectionManager,
  type HttpFilter,
} from "#gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import { isWanted, valueOf, type Patch } from "./patch.ts";
import { insertAt, merged, mergedAny } from "./patch-merge.ts";

/** The listener that a filter stands in, as `match.listener` may name it. */
export interface ListenerFacts {
  name: string;
  port: number;
}

const managerName = "envoy.filters.network.http_connection_manager";

export function matchesListener(patch: Patch, facts: ListenerFacts): boolean {
  const match = patch.match.listener;
  return isWanted(match?.portNumber, facts.port) && isWanted(match?.name, facts.name);
}

/** HTTP_FILTER patches on one connection manager. Changes the message in place. */
export function patchHttpFilters(
  registry: Registry,
  patches: readonly Patch[],
  manager: HttpConnectionManager,
  facts: ListenerFacts,
): void {
  for (const patch of patches) {
    if (patch.applyTo !== "HTTP_FILTER" || !matchesListener(patch, facts)) continue;
    const filter = patch.match.listener?.filterChain?.filter;
    if (!isWanted(filter?.name, managerName)) continue;
    applyToFilters(
      manager.httpFilters,
      patch,
      filter?.subFilter?.name || undefined,
      valueOrUndefined(patch),
      (target, source) => mergeHttpFilter(registry, target, source),
    );
  }
}

function valueOrUndefined(patch: Patch): HttpFilter | undefined {
  return patch.operation === "REMOVE" ? undefined : valueOf(patch, HttpFilterSchema);
}

function mergeHttpFilter(registry: Registry, target: HttpFilter, source: HttpFilter): HttpFilter {
  if (target.configType.case !== "typedConfig" || source.configType.case !== "typedConfig")
    return merged(HttpFilterSchema, target, source);
  const value = mergedAny(registry, target.configType.value, source.configType.value);
  return { ...merged(HttpFilterSchema, target, source), configType: { case: "typedConfig", value } };
}

/** NETWORK_FILTER patches on the filters of one chain. Changes the list in place. */
export function patchNetworkFilters(
  registry: Registry,
  patches: readonly Patch[],
  filters: Filter[],
  facts: ListenerFacts,
): void {
  for (const patch of patches) {
    if (patch.applyTo !== "NETWORK_FILTER" || !matchesListener(patch, facts)) continue;
    const value = patch.operation === "REMOVE" ? undefined : valueOf(patch, FilterSchema);
    applyToFilters(
      filters,
      patch,
      patch.match.listener?.filterChain?.filter?.name || undefined,
      value,
      (target, source) => {
        if (target.configType.case !== "typedConfig" || source.configType.case !== "typedConfig")
          return merged(FilterSchema, target, source);
        const value = mergedAny(registry, target.configType.value, source.configType.value);
        return { ...target, configType: { case: "typedConfig" as const, value } };
      },
    );
  }
}

function applyToFilters<F extends { name: string }>(
  filters: F[],
  patch: Patch,
  name: string | undefined,
  value: F | undefined,
  mergeInto: (target: F, source: F) => F,
): void {
  const found = name === undefined ? -1 : filters.findIndex((entry) => entry.name === name);
  const { operation } = patch;
  if (operation === "REMOVE") {
    if (found >= 0) filters.splice(found, 1);
  } else if (operation === "MERGE") {
    for (const [index, entry] of filters.entries())
      if (name === undefined ? entry.name === value!.name : index === found) filters[index] = mergeInto(entry, value!);
  } else if (operation === "REPLACE") {
    if (found >= 0) filters[found] = value!;
  } else {
    // INSERT_BEFORE and INSERT_AFTER without a named neighbour mean first and last (Istio reference, EnvoyFilter.Patch.Operation).
    const at =
      name === undefined && operation !== "ADD"
        ? operation === "INSERT_AFTER"
          ? filters.length
          : 0
        : insertAt(operation, filters.length, found);
    if (at !== undefined) filters.splice(at, 0, value!);
  }
}
