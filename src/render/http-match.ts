import type { RequestMatch } from "../model/parts.ts";
import { intersectRules } from "../model/permission.ts";
import type { Rule } from "../model/rows.ts";
import type { HTTPMatchRequest, StringMatch } from "../objects/istio.ts";

/** Which requests, in a form that can be narrowed: rules are alternatives; headers must all hold. */
export interface RequestSet {
  rules: Rule[];
  headers: Record<string, string>;
}

export const everyRequest: RequestSet = { rules: [{}], headers: {} };

export function requestSet({ path, method, headers }: RequestMatch): RequestSet {
  return {
    rules: [{ ...(method !== undefined && { methods: [method] }), ...(path !== undefined && { paths: [path] }) }],
    headers: headers ?? {},
  };
}

/** Requests in both sets; undefined when there are none. */
export function intersection(a: RequestSet, b: RequestSet): RequestSet | undefined {
  const rules = intersectRules(a.rules, b.rules);
  const clash = Object.entries(b.headers).some(
    ([name, value]) => a.headers[name] !== undefined && a.headers[name] !== value,
  );
  return rules.length === 0 || clash ? undefined : { rules, headers: { ...a.headers, ...b.headers } };
}

/** The set as matches of a VirtualService: a request fits when one of them fits. Istio matches `uri` without the query. */
export function matchesOf({ rules, headers }: RequestSet): HTTPMatchRequest[] {
  const exact = Object.entries(headers).map(([name, value]) => [name, { exact: value }] as const);
  return rules.flatMap(({ methods, paths }) =>
    (paths ?? [undefined]).map((path): HTTPMatchRequest => ({
      ...(path !== undefined && path !== "*" && path !== "/*" && { uri: pathMatch(path) }),
      ...(methods !== undefined && {
        method: methods.length === 1 ? { exact: methods[0]! } : { regex: methods.join("|") },
      }),
      ...(exact.length > 0 && { headers: Object.fromEntries(exact) }),
    })),
  );
}

export function pathMatch(path: string): StringMatch {
  if (path.endsWith("*")) return { prefix: path.slice(0, -1) };
  return path.startsWith("*") ? { regex: `.*${escapeRegex(path.slice(1))}` } : { exact: path };
}

export function escapeRegex(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
