import { ClusterSchema, type Cluster } from "#gen/envoy/config/cluster/v3/cluster_pb.ts";
import { isWanted, valueOf, type Patch } from "./patch.ts";
import { merged } from "./patch-merge.ts";

/** Applies CLUSTER patches with MERGE and REMOVE; undefined when removed. (ADD makes clusters of its own: `addedClusters`.) */
export function patchCluster(
  patches: readonly Patch[],
  cluster: Cluster,
  facts: { service: string; port: number; subset: string },
): Cluster | undefined {
  let result = cluster;
  for (const patch of patches) {
    const match = patch.match.cluster;
    if (
      !isWanted(match?.name, cluster.name) ||
      !isWanted(match?.service, facts.service) ||
      !isWanted(match?.portNumber, facts.port) ||
      !isWanted(match?.subset, facts.subset)
    )
      continue;
    if (patch.operation === "REMOVE") return undefined;
    if (patch.operation === "MERGE") result = merged(ClusterSchema, result, valueOf(patch, ClusterSchema));
  }
  return result;
}

/** Clusters that patches with ADD bring along. */
export function addedClusters(patches: readonly Patch[]): Cluster[] {
  return patches.filter((patch) => patch.operation === "ADD").map((patch) => valueOf(patch, ClusterSchema));
}
