import { isDeepStrictEqual } from "node:util";
import { fillDefaults } from "../../objects/defaults.ts";
import { kinds, type Kind } from "../../objects/kinds.ts";
import type { KubeObject } from "../../objects/meta.ts";
import { ApiError, badRequest, conflict, forbidden, invalid, notFound } from "./api-error.ts";
import { timestamp } from "./timestamp.ts";
import { validate, validateChange } from "./validation.ts";

/** Built-in kinds whose generation Kubernetes leaves unset. */
const withoutGeneration: ReadonlySet<Kind> = new Set([
  kinds.Namespace,
  kinds.Node,
  kinds.Service,
  kinds.ServiceAccount,
  kinds.Secret,
  kinds.ConfigMap,
  kinds.Event,
  kinds.Lease,
]);

export const hasStatus = (kind: Kind): boolean => kind.subresources.includes("status");

/** A copy of one's own without undefined, null maps members or functions: what would have come over the wire. */
export function copy<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

/** Names, times, defaults and checks of an object to be created. Mutates `object`. @throws ApiError 400, 403, 404, 422. */
export function admitNew(
  kind: Kind,
  object: KubeObject,
  { namespace, now, uid }: { namespace: KubeObject | undefined; now: Date; uid: () => string },
): void {
  const { metadata } = object;
  if (metadata.resourceVersion !== undefined && metadata.resourceVersion !== "")
    throw badRequest("resourceVersion should not be set on objects to be created");
  if (!metadata.name && metadata.generateName)
    metadata.name = `${metadata.generateName.slice(0, 58)}${uid().replaceAll("-", "").slice(0, 5)}`;
  if (!metadata.name)
    throw invalid(kind, "", [
      {
        reason: "FieldValueRequired",
        message: "Required value: name or generateName is required",
        field: "metadata.name",
      },
    ]);
  if (kind.namespaced) {
    if (namespace === undefined) throw notFound(kinds.Namespace, metadata.namespace ?? "");
    if (namespace.metadata.deletionTimestamp !== undefined) {
      throw forbidden(
        kind,
        metadata.name,
        `unable to create new content in namespace ${namespace.metadata.name} because it is being terminated`,
        [
          {
            reason: "NamespaceTerminating",
            message: `namespace ${namespace.metadata.name} is being terminated`,
            field: "metadata.namespace",
          },
        ],
      );
    }
  }
  for (const field of ["deletionTimestamp", "deletionGracePeriodSeconds", "resourceVersion", "selfLink"] as const)
    delete (metadata as unknown as Record<string, unknown>)[field];
  metadata.uid = uid();
  metadata.creationTimestamp = timestamp(now);
  if (withoutGeneration.has(kind)) delete metadata.generation;
  else metadata.generation = 1;
  if (hasStatus(kind)) delete object.status;
  if (kind === kinds.Namespace) object.status = { phase: "Active" };
  if (kind === kinds.Pod) object.status = { phase: "Pending" };
  prepare(kind, object);
  const causes = validate(kind, object);
  if (causes.length > 0) throw invalid(kind, metadata.name, causes);
}

/** Carries over what an update can't change, fills defaults, checks, and counts the generation. Mutates `after`. */
export function admitChange(kind: Kind, before: KubeObject, after: KubeObject, subresource: string | undefined): void {
  const { metadata } = after;
  const old = before.metadata;
  if (metadata.resourceVersion && metadata.resourceVersion !== old.resourceVersion)
    throw conflict(
      kind,
      old.name,
      "the object has been modified; please apply your changes to the latest version and try again",
    );
  if (metadata.uid && metadata.uid !== old.uid)
    throw conflict(
      kind,
      old.name,
      `Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${old.uid}`,
    );
  if (metadata.name !== old.name || metadata.namespace !== old.namespace)
    throw badRequest(
      `the name of the object (${metadata.namespace ?? ""}/${metadata.name}) does not match the name on the URL (${old.namespace ?? ""}/${old.name})`,
    );
  after.apiVersion = before.apiVersion;
  after.kind = before.kind;
  for (const field of [
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "resourceVersion",
    "generateName",
  ] as const) {
    if (old[field] === undefined) delete metadata[field];
    else (metadata as unknown as Record<string, unknown>)[field] = old[field];
  }
  if (subresource === "status") return keepAllButStatus(before, after);
  if (hasStatus(kind)) {
    if (before.status === undefined) delete after.status;
    else after.status = before.status;
  }
  if (old.deletionTimestamp !== undefined) {
    const added = (metadata.finalizers ?? []).filter((finalizer) => !old.finalizers?.includes(finalizer));
    if (added.length > 0)
      throw invalid(kind, old.name, [
        {
          reason: "FieldValueForbidden",
          message: `Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers ${JSON.stringify(added)}`,
          field: "metadata.finalizers",
        },
      ]);
  }
  prepare(kind, after);
  const causes = [...validate(kind, after), ...validateChange(kind, before, after)];
  if (causes.length > 0) throw invalid(kind, old.name, causes);
  if (!withoutGeneration.has(kind) && !isDeepStrictEqual(desired(before), desired(after)))
    metadata.generation = (old.generation ?? 0) + 1;
}

/** What isn't status stays the very same (frozen, shared) values, so that nothing of it is copied, compared or checked again. */
function keepAllButStatus(before: KubeObject, after: KubeObject): void {
  const {
    status,
    metadata: { managedFields },
  } = after;
  for (const field of Object.keys(after)) delete (after as unknown as Record<string, unknown>)[field];
  Object.assign(after, before, {
    metadata: { ...before.metadata, ...(managedFields === undefined ? {} : { managedFields }) },
  });
  if (status === undefined) delete after.status;
  else after.status = status;
}

function desired(object: KubeObject): unknown {
  const { metadata: _metadata, status: _status, ...rest } = object;
  return rest;
}

function prepare(kind: Kind, object: KubeObject): void {
  // The label that namespace selectors go by.
  if (kind === kinds.Namespace)
    object.metadata.labels = { ...object.metadata.labels, "kubernetes.io/metadata.name": object.metadata.name };
  if (kind === kinds.Secret) {
    const secret = object as KubeObject & { data?: Record<string, string>; stringData?: Record<string, string> };
    for (const [key, value] of Object.entries(secret.stringData ?? {}))
      (secret.data ??= {})[key] = Buffer.from(value).toString("base64");
    delete secret.stringData;
  }
  if (
    object.spec !== undefined &&
    (typeof object.spec !== "object" || object.spec === null || Array.isArray(object.spec))
  )
    throw badRequest(
      `${kind.kind} in version "${kind.apiVersion}" cannot be handled as a ${kind.kind}: spec must be an object`,
    );
  try {
    fillDefaults(kind, object);
  } catch (error) {
    throw new ApiError(
      400,
      "BadRequest",
      `${kind.kind} in version "${kind.apiVersion}" cannot be handled as a ${kind.kind}: ${(error as Error).message}`,
    );
  }
}
