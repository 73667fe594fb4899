import {
  HeaderValueOption_HeaderAppendAction,
  type HeaderValueOptionSchema,
} from "#gen/envoy/config/core/v3/base_pb.ts";
import type { HeaderOperations, Headers } from "../../objects/istio.ts";
import type { Init } from "./encode.ts";

type Option = Init<typeof HeaderValueOptionSchema>;

/** `set` replaces, `add` appends; the fields are those that routes, weighted clusters and virtual hosts have in common. */
export function headerOperations(headers: Headers | undefined) {
  return {
    requestHeadersToAdd: options(headers?.request),
    requestHeadersToRemove: headers?.request?.remove ?? [],
    responseHeadersToAdd: options(headers?.response),
    responseHeadersToRemove: headers?.response?.remove ?? [],
  };
}

/** A request's host is not an ordinary header: setting it rewrites the host. */
export function hostOverride(headers: Headers | undefined): string | undefined {
  return Object.entries(headers?.request?.set ?? {}).find(([name]) => isHost(name))?.[1];
}

function isHost(name: string): boolean {
  return [":authority", "host"].includes(name.toLowerCase());
}

function options(operations: HeaderOperations | undefined): Option[] {
  const of = (
    entries: Record<string, string> | undefined,
    appendAction: HeaderValueOption_HeaderAppendAction,
  ): Option[] =>
    Object.entries(entries ?? {})
      .filter(([name]) => !isHost(name))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => ({ header: { key, value }, appendAction }));
  return [
    ...of(operations?.set, HeaderValueOption_HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD),
    ...of(operations?.add, HeaderValueOption_HeaderAppendAction.APPEND_IF_EXISTS_OR_ADD),
  ];
}
