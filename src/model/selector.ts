import type { LabelSelector } from "./schema.ts";

/** The Kubernetes label selector: matchLabels and matchExpressions, all of which must hold. Absent or empty: everything. */
export function selects(
  selector: LabelSelector | undefined,
  labels: Readonly<Record<string, string>> | undefined,
): boolean {
  for (const [key, value] of Object.entries(selector?.matchLabels ?? {})) if (labels?.[key] !== value) return false;
  return (selector?.matchExpressions ?? []).every(({ key, operator, values }) => {
    const found = labels?.[key];
    switch (operator) {
      case "Exists":
        return found !== undefined;
      case "DoesNotExist":
        return found === undefined;
      case "In":
        return found !== undefined && (values ?? []).includes(found);
      case "NotIn":
        return found === undefined || !(values ?? []).includes(found);
    }
  });
}
