/** A Deployment's number of replicas where an autoscaler has the last word: how it gets it, and what doesn't wait for it. */
import type { KubeClient } from "../kube/kube-client.ts";
import { KubeError } from "../kube/kube-error.ts";
import type { Deployment } from "../objects/core.ts";
import { kinds } from "../objects/kinds.ts";
import { leastReplicas, scaledBy } from "./autoscaled.ts";
import { parseKey, type DesiredSource, type ObjectKey } from "./desired.ts";
import type { LiveView } from "./live-view.ts";
import { fieldManager } from "./stamp.ts";

/** Holds the number between us and an autoscaler, which takes it from there. */
const handover = `${fieldManager}-handover`;

export interface ReplicasContext {
  client: Pick<KubeClient, "find" | "apply">;
  turn: () => Promise<void>;
}

/**
 * Dropping a field that only we own deletes it, and a Deployment without replicas has one. So the number is first given
 * to a manager of its own, from which the autoscaler takes it (Kubernetes, "Server-Side Apply", transferring ownership).
 */
export async function handOverReplicas({ client, turn }: ReplicasContext, key: ObjectKey): Promise<void> {
  await turn();
  const live = await client.find<Deployment>(kinds.Deployment, nameOf(key));
  if (live?.spec?.replicas !== undefined) await setReplicas({ client, turn }, key, live.spec.replicas);
}

/**
 * After a Deployment was made, or its autoscaler's least number changed: begins with that many, or goes up to it, at once.
 * The autoscaler itself looks only every 15 s (Kubernetes, "Horizontal Pod Autoscaling"), and a new Deployment has one
 * replica until then. Never lowers a number, and leaves 0 alone, which turns autoscaling off.
 */
export async function raiseReplicas(
  context: ReplicasContext,
  source: Pick<DesiredSource, "get">,
  changed: ObjectKey,
  live: (key: ObjectKey) => LiveView | undefined,
): Promise<void> {
  const { client, turn } = context;
  const key = scaledBy(changed) ?? changed;
  const least = leastReplicas(source, key);
  const view = live(key);
  if (least === undefined || view === undefined) return;
  let { replicas, metadata } = view;
  for (let tries = 0; tries < 4 && replicas !== undefined && replicas > 0 && replicas < least; tries++) {
    try {
      await setReplicas(context, key, least, metadata.resourceVersion);
      return;
    } catch (error) {
      if (!(error instanceof KubeError) || error.lost) throw error;
      // Its controllers write to it too. Whatever else is in the way, the autoscaler will come to it.
      if (error.status !== 409) return;
    }
    await turn();
    const found = await client.find<Deployment>(kinds.Deployment, nameOf(key));
    if (found === undefined) return;
    ({ metadata } = found);
    replicas = found.spec?.replicas;
  }
}

async function setReplicas(
  { client, turn }: ReplicasContext,
  key: ObjectKey,
  replicas: number,
  resourceVersion?: string,
): Promise<void> {
  const { apiVersion, kind } = kinds.Deployment;
  const metadata = { ...nameOf(key), ...(resourceVersion !== undefined && { resourceVersion }) };
  await turn();
  await client.apply({ apiVersion, kind, metadata, spec: { replicas } }, { fieldManager: handover, force: true });
}

function nameOf(key: ObjectKey): { name: string; namespace?: string } {
  const { name, namespace } = parseKey(key)!;
  return { name, ...(namespace !== undefined && { namespace }) };
}
