import type { CallOverrides } from "../model/parts.ts";
import { rulesInForce } from "../release/rules-in-force.ts";
import type { InForce } from "../store/in-force.ts";

/** Callers of an app whose calls bring a timeout or retries of their own, by cluster and caller: what is in force there, in place of the app's. */
export function callerLimits(app: string, view: InForce): Map<string, CallOverrides> {
  const found = new Map<string, CallOverrides>();
  for (const { value } of view.rosters.values()) {
    if (value.edges[app] === undefined) continue;
    for (const { cluster, calls } of rulesInForce(value.app, view)) {
      const own = calls[app];
      if (own?.timeoutMs === undefined && own?.retries === undefined) continue;
      found.set(cluster, { ...found.get(cluster), [value.app]: own });
    }
  }
  return found;
}
