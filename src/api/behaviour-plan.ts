import { changedObjects } from "../release/changed-objects.ts";
import type { InForce } from "../store/in-force.ts";
import { behaviourOf, type Behaviour } from "./behaviour.ts";
import type { ApiContext } from "./context.ts";

export interface ClusterBehaviour extends Behaviour {
  cluster: string;
}

/** What a release of an app makes end otherwise, in every cluster that it changes anything of; by cluster. */
export async function plannedBehaviour(
  app: string,
  before: InForce,
  after: InForce,
  { trial, trustDomain }: Pick<ApiContext, "trial" | "trustDomain">,
): Promise<ClusterBehaviour[]> {
  const clusters = [...new Set([...before.lanes.keys(), ...after.lanes.keys()])].toSorted();
  const told = await Promise.all(
    clusters.map(async (cluster) => {
      const changed = changedObjects(cluster, before, after, { trustDomain });
      if (changed.put.length + changed.remove.length === 0) return [];
      return [{ cluster, ...(await behaviourOf({ app, cluster, before, after, ...changed }, trial)) }];
    }),
  );
  return told.flat();
}
