import type { Kind } from "../../objects/kinds.ts";
import type { KubeObject } from "../../objects/meta.ts";
import { copy, hasStatus } from "./admission.ts";
import { badRequest, conflict, notFound } from "./api-error.ts";

/**
 * What a client applies, as the apply algorithm takes it: without nulls (fields left out), and without what this
 * (sub)resource has no say in. @throws ApiError 400 for what may not be applied, 404 or 409 for a precondition.
 */
export function appliedConfiguration<T extends KubeObject>(kind: Kind, object: T, subresource: string | undefined): T {
  const config = withoutNulls(copy(object)) as T;
  if (!config.metadata?.name) throw badRequest("name is required");
  if (config.metadata.managedFields !== undefined) throw badRequest("metadata.managedFields must be nil");
  if (subresource === "status") {
    const fields = config as unknown as Record<string, unknown>;
    for (const field of Object.keys(fields))
      if (!["apiVersion", "kind", "metadata", "status"].includes(field)) delete fields[field];
  } else if (hasStatus(kind)) delete config.status;
  return config;
}

/** @throws ApiError when the configuration names a version or uid that isn't the live object's. */
export function checkPreconditions(kind: Kind, { metadata }: KubeObject, before: KubeObject | undefined): void {
  if (metadata.resourceVersion && metadata.resourceVersion !== before?.metadata.resourceVersion) {
    if (before === undefined) throw notFound(kind, metadata.name);
    throw conflict(
      kind,
      metadata.name,
      "the object has been modified; please apply your changes to the latest version and try again",
    );
  }
  if (metadata.uid && metadata.uid !== before?.metadata.uid) {
    throw conflict(
      kind,
      metadata.name,
      `uid mismatch: the provided object specified uid ${metadata.uid}, and no existing object was found or it has another`,
    );
  }
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== null)
      .map(([name, inner]) => [name, withoutNulls(inner)]),
  );
}
