import type { App } from "../model/app.ts";
import type { WriteTx } from "../store/store.ts";
import { acceptApp, type Cause } from "./accept.ts";
import { readWorld } from "./world.ts";
import type { Problem } from "../model/problem.ts";

/**
 * After an edit of a Policy, Segment, Cluster or TokenIssuer: a release for each deployed app that resolves to something
 * else now. Apps that the edit would break keep what they have and are told as problems.
 */
export async function acceptTrain(tx: WriteTx, cause: Cause): Promise<{ apps: string[]; problems: Problem[] }> {
  const world = await readWorld(tx);
  const apps: string[] = [];
  const problems: Problem[] = [];
  for (const name of tx.inForce.rosters.keys()) {
    const object = await tx.get("App", name);
    if (object === undefined) continue;
    const outcome = await acceptApp(tx, object.body as unknown as App, { cause, world, declared: object.revision });
    problems.push(...outcome.problems);
    if (outcome.release !== undefined) apps.push(name);
  }
  return { apps, problems };
}
