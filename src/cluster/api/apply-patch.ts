import type { Kind } from "../../objects/kinds.ts";
import { hasStrategicMerge, mergeRule } from "../../objects/merge-keys.ts";
import type { KubeObject } from "../../objects/meta.ts";
import { copy } from "./admission.ts";
import { ApiError, badRequest } from "./api-error.ts";
import { isMap } from "./field-walk.ts";
import { jsonPatch } from "./json-patch.ts";
import { mergePatch } from "./merge-patch.ts";
import { strategicMergePatch } from "./strategic-merge-patch.ts";

export type PatchType = "json" | "merge" | "strategic";

/**
 * The patched object, a copy. @throws ApiError 400 or 422 for a patch that is malformed or doesn't fit, 415 for a
 * strategic merge patch of a custom resource, as Kubernetes does.
 */
export function patched(kind: Kind, before: KubeObject, type: PatchType, patch: unknown): KubeObject {
  const next = changed(kind, before, type, patch);
  if (!isMap(next) || !isMap(next["metadata"])) throw badRequest("the patch must leave an object with metadata");
  const object = copy(next as unknown as KubeObject);
  const { name, namespace } = before.metadata;
  if (object.metadata.name !== name || object.metadata.namespace !== namespace) {
    throw badRequest("the patch must not change metadata.name or metadata.namespace");
  }
  return object;
}

function changed(kind: Kind, before: KubeObject, type: PatchType, patch: unknown): unknown {
  if (type === "json") return jsonPatch(before, patch);
  if (!isMap(patch)) throw badRequest("the patch must be an object");
  if (type === "merge") return mergePatch(before, patch);
  if (hasStrategicMerge(kind)) return strategicMergePatch(before, patch, mergeRule(kind));
  throw new ApiError(
    415,
    "UnsupportedMediaType",
    "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
  );
}
