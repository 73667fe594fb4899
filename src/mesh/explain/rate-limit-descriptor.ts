import type { RateLimit, RateLimit_Action } from "#gen/envoy/config/route/v3/route_components_pb.ts";
import type { HeaderOf } from "./text-match.ts";
import { matchesHeader, NotUnderstood } from "./text-match.ts";

export interface DescriptorEntry {
  readonly key: string;
  readonly value: string;
}

/** The descriptors that a request makes: one for each limit whose actions all give an entry (Envoy, RateLimit.Action). */
export function descriptorsOf(limits: readonly RateLimit[], header: HeaderOf): DescriptorEntry[][] {
  return limits.flatMap(({ actions }) => {
    const entries: DescriptorEntry[] = [];
    for (const action of actions) {
      const entry = entryOf(action, header);
      if (entry === "none") return [];
      if (entry !== "skip") entries.push(entry);
    }
    return entries.length === 0 ? [] : [entries];
  });
}

/** `none`: there is no descriptor at all. `skip`: this action alone adds nothing. */
function entryOf({ actionSpecifier: action }: RateLimit_Action, header: HeaderOf): DescriptorEntry | "none" | "skip" {
  switch (action.case) {
    case "genericKey":
      return { key: action.value.descriptorKey || "generic_key", value: action.value.descriptorValue };
    case "requestHeaders": {
      const value = header(action.value.headerName.toLowerCase());
      return value === undefined
        ? action.value.skipIfAbsent
          ? "skip"
          : "none"
        : { key: action.value.descriptorKey, value };
    }
    case "headerValueMatch": {
      const fits =
        action.value.headers.every((matcher) => matchesHeader(matcher, header)) === (action.value.expectMatch ?? true);
      return fits ? { key: action.value.descriptorKey || "header_match", value: action.value.descriptorValue } : "none";
    }
    default:
      throw new NotUnderstood(`a rate limit's action "${action.case ?? "empty"}"`);
  }
}

/** `limit=0,x-user=ana`. */
export function descriptorText(entries: readonly DescriptorEntry[]): string {
  return entries.map(({ key, value }) => `${key}=${value}`).join(",");
}
