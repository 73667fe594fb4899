import type { RateLimit, RateUnit, RequestMatch } from "../model/parts.ts";
import { escapeRegex } from "./http-match.ts";

/**
 * One rate limit as Envoy sees it: the actions that make a request's descriptor, and that descriptor. The first entry
 * names the limit by its place in the App, the second (for limits per header) holds the header's value.
 */
export interface LimitDescriptor {
  index: number;
  limit: RateLimit;
  actions: Record<string, unknown>[];
}

export function limitDescriptors(limits: readonly RateLimit[], scope: RateLimit["scope"]): LimitDescriptor[] {
  return limits.flatMap((limit, index) =>
    limit.scope !== scope
      ? []
      : [
          {
            index,
            limit,
            actions: [
              limit.match === undefined
                ? { generic_key: { descriptor_key: "limit", descriptor_value: String(index) } }
                : {
                    header_value_match: {
                      descriptor_key: "limit",
                      descriptor_value: String(index),
                      headers: headerMatchers(limit.match),
                    },
                  },
              // Without the header there is no descriptor, and so no limit.
              ...(limit.per !== undefined
                ? [{ request_headers: { header_name: limit.per.header, descriptor_key: limit.per.header } }]
                : []),
            ],
          },
        ],
  );
}

/** `:path` carries the query, which a match of an App doesn't speak of. */
function headerMatchers({ path, method, headers }: RequestMatch): Record<string, unknown>[] {
  return [
    ...(path !== undefined ? [{ name: ":path", string_match: pathMatcher(path) }] : []),
    ...(method !== undefined ? [{ name: ":method", string_match: { exact: method } }] : []),
    ...Object.entries(headers ?? {}).map(([name, value]) => ({ name, string_match: { exact: value } })),
  ];
}

function pathMatcher(path: string): Record<string, unknown> {
  if (path.endsWith("*")) return { prefix: path.slice(0, -1) };
  const regex = path.startsWith("*") ? `[^?]*${escapeRegex(path.slice(1))}` : escapeRegex(path);
  return { safe_regex: { regex: `${regex}(\\?.*)?` } };
}

export const unitMs: Record<RateUnit, number> = { second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000 };
