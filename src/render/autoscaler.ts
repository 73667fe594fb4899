import type { HorizontalPodAutoscaler } from "../objects/core.ts";
import { splitRevision } from "./deployment.ts";
import { head, revisionLabel } from "./names.ts";
import type { Reader } from "./reader.ts";

/**
 * One autoscaler for each live revision, even when min = max: so that `replicas` never changes hands, which would reset
 * it to 1 (Kubernetes: "Migrating Deployments and StatefulSets to horizontal autoscaling").
 * A floor, while a release is running, stands in the place of `min`: it may be lower, for a revision that carries 5 %.
 */
export function autoscaler(namespace: string, name: string, read: Reader): HorizontalPodAutoscaler | undefined {
  const split = splitRevision(name);
  if (split === undefined) return undefined;
  const { app, revision } = split;
  const lane = read.homeLane(app);
  if (read.roster(app)?.segment !== namespace || lane?.live[revision] === undefined) return undefined;
  const { min, max, targetCPU } = read.part(lane.scale, "scale");
  const minReplicas = lane.floors[revision] ?? min;
  return {
    ...head("HorizontalPodAutoscaler", namespace, name, { app, [revisionLabel]: revision }),
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name },
      minReplicas,
      maxReplicas: Math.max(max, minReplicas),
      metrics: [
        { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: targetCPU } } },
      ],
    },
  };
}
