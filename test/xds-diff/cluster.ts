/** Puts a case's objects into a real cluster that has no controllers, and takes them away again. */
import type { KubeClient } from "../../src/kube/kube-client.ts";
import type { Pod } from "../../src/objects/core.ts";
import { findKind } from "../../src/objects/kinds.ts";
import type { KubeObject } from "../../src/objects/meta.ts";

const fieldManager = "xds-diff";

export interface Applied {
  /** As the cluster has them now. */
  readonly objects: readonly KubeObject[];
  /** What it refuses, and why. */
  readonly refused: readonly string[];
}

/** Applies them in order. A Pod gets the address and readiness that a kubelet would have written. */
export async function applyObjects(client: KubeClient, objects: readonly KubeObject[]): Promise<Applied> {
  const applied: KubeObject[] = [];
  const refused: string[] = [];
  for (const wanted of objects) {
    const { status, ...object } = wanted as KubeObject<unknown, Pod["status"]>;
    try {
      let found = (await client.apply(object, { fieldManager, force: true, fieldValidation: "Strict" })).object;
      if (object.kind === "Pod" && status?.podIP !== undefined)
        found = (
          await client.apply(
            { ...object, spec: undefined, status: statusOf(status.podIP) },
            {
              ...{ fieldManager, force: true, subresource: "status" },
            },
          )
        ).object;
      applied.push(found);
    } catch (error) {
      refused.push(
        `${object.kind} ${object.metadata.namespace ?? ""}/${object.metadata.name}: ${(error as Error).message}`,
      );
    }
  }
  return { objects: applied, refused };
}

/** Without controllers nothing ends a Namespace: they stay for the next case. */
export async function deleteObjects(client: KubeClient, objects: readonly KubeObject[]): Promise<void> {
  for (const { apiVersion, kind, metadata } of objects.toReversed())
    if (kind !== "Namespace")
      await client.delete(findKind(apiVersion, kind)!, {
        name: metadata.name,
        ...(metadata.namespace !== undefined && { namespace: metadata.namespace }),
      });
}

function statusOf(podIP: string): unknown {
  return {
    ...{ phase: "Running", podIP, podIPs: [{ ip: podIP }] },
    conditions: [{ type: "Ready", status: "True" }],
  };
}
