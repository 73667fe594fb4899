/** An object as it is sent: what was rendered, with our marks. */
import { createHash } from "node:crypto";
import type { KubeObject } from "../objects/meta.ts";
import { managedLabel } from "../render/names.ts";
import type { DesiredObject } from "./desired.ts";

export const fieldManager = "quipu";
export const rowRevisionAnnotation = "quipu.dev/row-revision";

/** Stands on what was there before us: whoever finds our marks on it later must not take it for something that we made. */
export const foundAnnotation = "quipu.dev/found";

export interface StampedObject {
  object: KubeObject;
  /**
   * Of all but the row revision: rows change far more often than what an object says of them, and then there is nothing to
   * apply. The object goes on carrying the revision of its last change, which is what a worker with older rows has to heed:
   * with rows from that one on it would say the same.
   */
  hash: string;
}

/** `withoutReplicas`: an autoscaler holds them (https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#migrating-deployments-and-statefulsets-to-horizontal-autoscaling). */
export function stamp(desired: DesiredObject, options: { withoutReplicas?: boolean } = {}): StampedObject {
  const { metadata, spec, status: _, ...rest } = desired.object;
  const {
    resourceVersion: _version,
    uid: _uid,
    managedFields: _fields,
    creationTimestamp: _created,
    generation: _generation,
    ...ours
  } = metadata;
  const unmarked: KubeObject = {
    ...rest,
    metadata: { ...ours, labels: { ...metadata.labels, [managedLabel]: "true" } },
  };
  if (spec !== undefined)
    unmarked.spec = options.withoutReplicas ? omit(spec as Record<string, unknown>, "replicas") : spec;
  const annotations = { ...metadata.annotations, [rowRevisionAnnotation]: String(desired.rowRevision) };
  return {
    object: { ...unmarked, metadata: { ...unmarked.metadata, annotations } },
    hash: shortHash(JSON.stringify(unmarked)),
  };
}

/** As it is sent to an object that somebody else made. */
export function asFound(object: KubeObject): KubeObject {
  const annotations = { ...object.metadata.annotations, [foundAnnotation]: "true" };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

/** The row revision that stands on an object; -1: none. Who wrote it, is another question. */
export function rowRevisionOf(object: KubeObject): number {
  const text = object.metadata.annotations?.[rowRevisionAnnotation];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : -1;
}

/** 80 bits of sha256: enough to tell versions of one object apart. */
export function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 20);
}

function omit(fields: Record<string, unknown>, name: string): Record<string, unknown> {
  const { [name]: _, ...rest } = fields;
  return rest;
}
