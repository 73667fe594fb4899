/** What was done to an object, without putting it right. */
import { parseKey, type DesiredObject } from "./desired.ts";
import type { KubeClient } from "../kube/kube-client.ts";
import { KubeError } from "../kube/kube-error.ts";
import { driftOf, type Drift } from "./apply-object.ts";
import { fieldManager, type StampedObject } from "./stamp.ts";

/**
 * Asked of the API itself, as a write that it only tries (`dryRun=All`, Kubernetes reference "API Concepts"): it knows what
 * defaults and webhooks would make of our fields. Throws `KubeError` when contact is lost.
 */
export async function inspectDrift(
  client: Pick<KubeClient, "find" | "apply">,
  turn: () => Promise<void>,
  { key, object: { metadata } }: DesiredObject,
  { object }: StampedObject,
): Promise<Drift> {
  const { name, namespace } = metadata;
  await turn();
  const found = await client.find(parseKey(key)!.kind, { name, ...(namespace !== undefined && { namespace }) });
  const nothing: Drift = { fields: [], deleted: false, managers: [] };
  if (found === undefined) return { ...nothing, deleted: true };
  try {
    await turn();
    const { object: right } = await client.apply(object, { fieldManager, force: true, dryRun: true });
    return driftOf(found, right) ?? nothing;
  } catch (error) {
    // A webhook that has side effects can't be tried.
    if (!(error instanceof KubeError) || error.lost) throw error;
    return { ...nothing, unread: error.message };
  }
}
