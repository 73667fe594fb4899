import type { CallOverrides, TrafficPart } from "../model/parts.ts";
import { homesOf, type InForce } from "../store/in-force.ts";

export interface RulesInCluster {
  cluster: string;
  traffic: TrafficPart;
  calls: CallOverrides;
}

/** The traffic rules of an app in each cluster that it runs in, by name. Empty before its first release. */
export function rulesInForce(app: string, view: InForce): RulesInCluster[] {
  return [...homesOf(app, view)]
    .flatMap(([cluster, lane]) => {
      const traffic = view.snapshots.get(lane.traffic);
      const calls = view.snapshots.get(lane.calls);
      return traffic?.part === "traffic" && calls?.part === "calls"
        ? [{ cluster, traffic: traffic.value, calls: calls.value }]
        : [];
    })
    .sort((a, b) => (a.cluster < b.cluster ? -1 : 1));
}
