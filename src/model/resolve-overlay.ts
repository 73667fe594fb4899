import type { AppSpec } from "./app.ts";
import type { Overlay } from "./parts.ts";

/** The App's overlays, divided: what changes pods belongs to the workload, all else to the traffic. */
export function overlaysOf(spec: AppSpec): { workload: Overlay[]; traffic: Overlay[] } {
  const all = (spec.overlay ?? []).map(({ kind, name, patch }): Overlay => ({
    kind,
    ...(name !== undefined && { name }),
    patch,
  }));
  return {
    workload: all.filter(({ kind }) => kind === "Deployment"),
    traffic: all.filter(({ kind }) => kind !== "Deployment"),
  };
}
