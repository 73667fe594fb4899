import type { Roster, Rule } from "./rows.ts";

/**
 * Which requests a caller may make, or undefined when none: it declares the call, and it lies in the callee's segment or
 * the callee consents. Across segments a request must fit both the caller's rule and the consent.
 */
export function permitted(
  callee: Pick<Roster, "app" | "segment" | "consents">,
  caller: Pick<Roster, "app" | "segment" | "edges">,
): Rule[] | undefined {
  const wanted = caller.edges[callee.app]?.rules;
  if (wanted === undefined) return undefined;
  if (caller.segment === callee.segment) return wanted;
  const consents = callee.consents.filter(({ app }) => app === caller.app);
  const both = intersectRules(wanted, consents);
  return both.length === 0 ? undefined : both;
}

/** Requests that fit a rule of each list. */
export function intersectRules(a: readonly Rule[], b: readonly Rule[]): Rule[] {
  const both = a.flatMap((left) =>
    b.flatMap((right) => {
      const methods = intersect(left.methods, right.methods, (x, y) => (x === y ? x : undefined));
      const paths = intersect(left.paths, right.paths, narrowerPath);
      if (methods?.length === 0 || paths?.length === 0) return [];
      return [{ ...(methods !== undefined && { methods }), ...(paths !== undefined && { paths }) }];
    }),
  );
  return [...new Map(both.map((rule) => [JSON.stringify(rule), rule])).values()];
}

function intersect(
  a: readonly string[] | undefined,
  b: readonly string[] | undefined,
  meet: (x: string, y: string) => string | undefined,
): string[] | undefined {
  if (a === undefined || b === undefined) return a === undefined ? (b === undefined ? undefined : [...b]) : [...a];
  return [...new Set(a.flatMap((x) => b.flatMap((y) => meet(x, y) ?? [])))];
}

/** The pattern that fits just what both fit; undefined when nothing does, or when one is a prefix and the other a suffix (no single pattern says that). */
function narrowerPath(x: string, y: string): string | undefined {
  if (covers(x, y)) return y;
  return covers(y, x) ? x : undefined;
}

/** Whether every path that fits `inner` fits `outer`. Patterns are exact, `prefix*` or `*suffix`, as in AuthorizationPolicy. */
export function covers(outer: string, inner: string): boolean {
  if (outer === inner || outer === "*" || outer === "/*") return true;
  if (outer.endsWith("*")) return !inner.startsWith("*") && inner.replace(/\*$/, "").startsWith(outer.slice(0, -1));
  if (outer.startsWith("*")) return !inner.endsWith("*") && inner.replace(/^\*/, "").endsWith(outer.slice(1));
  return false;
}
