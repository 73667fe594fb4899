import type { KubeObject, ManagedFieldsEntry } from "../../objects/meta.ts";
import { isDeepStrictEqual } from "node:util";
import { mergeRule } from "../../objects/merge-keys.ts";
import type { Kind } from "../../objects/kinds.ts";
import {
  difference,
  emptySet,
  equalSets,
  formatFieldsV1,
  isEmpty,
  parseFieldsV1,
  union,
  without,
  type FieldSet,
} from "./field-set.ts";
import { compare } from "./field-walk.ts";

/** Who owns which fields: one entry of `managedFields` in working form. */
export interface Owner {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly subresource: string | undefined;
  readonly apiVersion: string;
  readonly time: string | undefined;
  readonly fields: FieldSet;
}

/** Fields that belong to the server, never to a manager. */
const serverFields = [
  ["f:apiVersion"],
  ["f:kind"],
  ...[
    "name",
    "namespace",
    "generateName",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "selfLink",
    "uid",
    "generation",
    "managedFields",
    "resourceVersion",
  ].map((name) => ["f:metadata", `f:${name}`]),
];

export const ownable = (fields: FieldSet): FieldSet => without(fields, serverFields);

/** Appliers are one owner whatever version they speak; updaters are told apart by version too. */
export function sameOwner(
  a: Pick<Owner, "manager" | "operation" | "subresource" | "apiVersion">,
  b: Pick<Owner, "manager" | "operation" | "subresource" | "apiVersion">,
): boolean {
  return (
    a.manager === b.manager &&
    a.operation === b.operation &&
    a.subresource === b.subresource &&
    (a.operation === "Apply" || a.apiVersion === b.apiVersion)
  );
}

export function readOwners(object: KubeObject | undefined): Owner[] {
  return (object?.metadata.managedFields ?? [])
    .filter((entry) => entry.fieldsV1 !== undefined)
    .map((entry) => ({
      manager: entry.manager,
      operation: entry.operation,
      subresource: entry.subresource === "" ? undefined : entry.subresource,
      apiVersion: entry.apiVersion,
      time: entry.time,
      fields: parseFieldsV1(entry.fieldsV1),
    }));
}

/** Appliers first, then by time and name, as Kubernetes sorts them. Owners of nothing are left out. */
export function writeOwners(owners: readonly Owner[]): ManagedFieldsEntry[] {
  return owners
    .filter((owner) => !isEmpty(owner.fields))
    .sort((a, b) =>
      a.operation !== b.operation
        ? a.operation === "Apply"
          ? -1
          : 1
        : (a.time ?? "") !== (b.time ?? "")
          ? (a.time ?? "") < (b.time ?? "")
            ? -1
            : 1
          : a.manager < b.manager
            ? -1
            : 1,
    )
    .map(({ manager, operation, subresource, apiVersion, time, fields }) => ({
      manager,
      operation,
      apiVersion,
      ...(time === undefined ? {} : { time }),
      fieldsType: "FieldsV1" as const,
      fieldsV1: formatFieldsV1(fields),
      ...(subresource === undefined ? {} : { subresource }),
    }));
}

/** The owner's new set; its time moves only when the set does. */
export function reown(owner: Owner, fields: FieldSet, time: string): Owner {
  return equalSets(owner.fields, fields) ? owner : { ...owner, fields, time };
}

/**
 * Ownership after a write that isn't an apply: what changed belongs to its manager alone, what vanished to nobody.
 * Without a live object everything in `after` is new.
 */
export function ownersAfterUpdate(
  kind: Kind,
  before: KubeObject | undefined,
  after: KubeObject,
  manager: string,
  subresource: string | undefined,
  time: string,
): ManagedFieldsEntry[] {
  const sent = after.metadata.managedFields;
  // An explicit list of managers is the client's wish: [] or [{}] clears, anything else replaces (kubectl migrates its entries so).
  const reset = sent !== undefined && before !== undefined && !isDeepStrictEqual(sent, before.metadata.managedFields);
  const owners = readOwners(reset ? after : before);
  if (reset && owners.length === 0) return [];
  const { added, modified, removed } = compare(
    before ?? { apiVersion: after.apiVersion, kind: after.kind, metadata: {} },
    after,
    mergeRule(kind),
  );
  const touched = ownable(union(added, modified));
  const self = { manager, operation: "Update" as const, subresource, apiVersion: kind.apiVersion };
  const gone = ownable(removed);
  if (isEmpty(touched) && isEmpty(gone)) return writeOwners(owners);
  const next = owners
    .filter((owner) => !sameOwner(owner, self))
    .map((owner) => ({ ...owner, fields: difference(difference(owner.fields, touched), gone) }));
  const own = owners.find((owner) => sameOwner(owner, self)) ?? { ...self, time, fields: emptySet };
  next.push(reown(own, union(difference(own.fields, gone), touched), time));
  return writeOwners(next);
}
