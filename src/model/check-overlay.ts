import type { App } from "./app.ts";
import { Problem } from "./problem.ts";
import { suggest } from "./suggest.ts";

/** Kinds of rendered objects that belong to one app. */
export const overlayKinds = [
  "Deployment",
  "HorizontalPodAutoscaler",
  "PodDisruptionBudget",
  "Service",
  "ServiceAccount",
  "DestinationRule",
  "EnvoyFilter",
  "RequestAuthentication",
  "VirtualService",
  "Sidecar",
] as const;

/**
 * What an overlay may not touch: identity (who and where the object is), and authorization, which would get round
 * consent. Weights, subsets and hosts belong to releases.
 */
const fixed = [
  "apiVersion",
  "kind",
  "status",
  "metadata.name",
  "metadata.namespace",
  "metadata.labels.app",
  "spec.selector",
  "spec.template.metadata",
  "spec.template.spec.serviceAccountName",
  "spec.subsets",
  "spec.host",
  "spec.hosts",
  "spec.http",
  "spec.tcp",
  "spec.egress",
  "spec.outboundTrafficPolicy",
  "spec.exportTo",
  "spec.workloadSelector",
];

export function checkOverlay({ spec }: App): Problem[] {
  return (spec.overlay ?? []).flatMap(({ kind, patch }, index) => {
    const field = `spec.overlay[${index}]`;
    if (!(overlayKinds as readonly string[]).includes(kind)) {
      const near = suggest(kind, overlayKinds);
      return [
        new Problem("not-one-of", `${field}.kind is ${kind}.${near === undefined ? "" : ` Did you mean ${near}?`}`, {
          field: `${field}.kind`,
          found: kind,
          accepted: overlayKinds.join(", "),
        }),
      ];
    }
    return fixed
      .filter((path) => touches(patch, path.split(".")))
      .map(
        (path) =>
          new Problem("conflicting-fields", `${field}.patch changes ${path}, which isn't an overlay's to change.`, {
            field: `${field}.patch.${path}`,
            accepted: "any field but identity, selectors, hosts, routes and subsets",
          }),
      );
  });
}

function touches(patch: unknown, path: string[]): boolean {
  const [key, ...rest] = path;
  if (key === undefined) return true;
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return true;
  return Object.hasOwn(patch, key) && touches((patch as Record<string, unknown>)[key], rest);
}
