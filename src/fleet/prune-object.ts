/** Deletes one object that the ledger says we made; a namespace only when nothing is left in it. */
import type { KubeClient } from "../kube/kube-client.ts";
import { KubeError } from "../kube/kube-error.ts";
import { parseKey, type ObjectKey } from "./desired.ts";
import type { LiveView } from "./live-view.ts";
import { lookedThrough } from "./looked-through.ts";

export type Pruned = { outcome: "pruned" } | { outcome: "kept"; why: string };

/** Kubernetes, and Istio, put these into every namespace. */
const ownOfNamespace = new Set([
  "ServiceAccount/default",
  "ConfigMap/kube-root-ca.crt",
  "ConfigMap/istio-ca-root-cert",
]);

/** Throws `KubeError`. Conflict: it was replaced by another object of the same name meanwhile. */
export async function pruneObject(
  client: Pick<KubeClient, "delete" | "list">,
  turn: () => Promise<void>,
  key: ObjectKey,
  live: LiveView,
): Promise<Pruned> {
  const { kind, namespace, name } = parseKey(key)!;
  if (kind.kind === "Namespace") {
    const left = await firstObjectIn(client, turn, name);
    if (left !== undefined) return { outcome: "kept", why: `it still holds ${left}` };
  }
  await turn();
  const { uid } = live.metadata;
  await client.delete(
    kind,
    { name, ...(namespace === undefined ? {} : { namespace }) },
    uid === undefined ? {} : { preconditions: { uid } },
  );
  return { outcome: "pruned" };
}

async function firstObjectIn(
  client: Pick<KubeClient, "list">,
  turn: () => Promise<void>,
  namespace: string,
): Promise<string | undefined> {
  for (const kind of lookedThrough) {
    await turn();
    try {
      const { items } = await client.list(kind, { namespace, limit: ownOfNamespace.size + 1 });
      const left = items.find(({ metadata }) => !ownOfNamespace.has(`${kind.kind}/${metadata.name}`));
      if (left) return `${kind.kind} ${namespace}/${left.metadata.name}`;
    } catch (error) {
      // A kind that this cluster doesn't have can't be in the way. Any other doubt is.
      if (!(error instanceof KubeError) || error.code !== "kube/no-kind") throw error;
    }
  }
  return undefined;
}
