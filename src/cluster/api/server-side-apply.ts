import { itemRule, mergeRule, type MergeRule } from "../../objects/merge-keys.ts";
import type { Kind } from "../../objects/kinds.ts";
import type { KubeObject } from "../../objects/meta.ts";
import { ApiError, type StatusCause } from "./api-error.ts";
import { difference, emptySet, intersection, isEmpty, paths, union, type FieldSet } from "./field-set.ts";
import { below, compare, fieldsOf, isAssociative, isMap, itemElement, itemsByElement } from "./field-walk.ts";
import { ownable, readOwners, reown, sameOwner, writeOwners, type Owner } from "./managed-fields.ts";

/** `config` laid over `live`: maps and list maps merge, everything else is replaced. Neither is changed. */
export function merge(live: unknown, config: unknown, rule: MergeRule): unknown {
  if (isMap(live) && isMap(config) && rule.atomic !== true) {
    const merged: Record<string, unknown> = { ...live };
    for (const [name, value] of Object.entries(config)) merged[name] = merge(live[name], value, below(rule, name));
    return merged;
  }
  if (Array.isArray(config) && isAssociative(rule)) {
    const items = itemsByElement(config, rule);
    return Array.isArray(live) ? mergeLists(live, items, rule) : config;
  }
  if (isMap(config) && rule.atomic !== true) {
    // Nothing to merge with, but duplicates further down must still be noticed.
    return Object.fromEntries(
      Object.entries(config).map(([name, value]) => [name, merge(undefined, value, below(rule, name))]),
    );
  }
  return config;
}

/**
 * Shared items in the order of the configuration; what only the live list has stays before the shared item that
 * followed it, and before what is new. The same order as Kubernetes', whose clients see it in containers and env.
 */
function mergeLists(live: readonly unknown[], items: Map<string, unknown>, rule: MergeRule): unknown[] {
  const liveItems = itemsByElement(live, rule, true);
  const [lives, configs] = [[...liveItems.keys()], [...items.keys()]];
  const merged: unknown[] = [];
  let at = 0;
  for (const [index, element] of configs.entries()) {
    const nextShared = configs.slice(index).find((other) => liveItems.has(other));
    for (; at < lives.length && lives[at] !== nextShared; at++)
      if (!items.has(lives[at]!)) merged.push(liveItems.get(lives[at]!));
    merged.push(
      rule.set === true ? items.get(element) : merge(liveItems.get(element), items.get(element), itemRule(rule)),
    );
    if (element === nextShared) at++;
  }
  for (; at < lives.length; at++) if (!items.has(lives[at]!)) merged.push(liveItems.get(lives[at]!));
  return merged;
}

/**
 * `value` without what the applier owned before (`last`) and nobody owns now (`owned`). A list item, or a map that
 * loses its last owned field, goes whole: what defaults put into it has no meaning of its own.
 */
function dropUnowned(value: unknown, last: FieldSet, owned: FieldSet, rule: MergeRule): unknown {
  if (isMap(value) && rule.atomic !== true) {
    const kept: Record<string, unknown> = { ...value };
    for (const [element, lastChild] of last.children) {
      const name = element.slice(2);
      if (!element.startsWith("f:") || !(name in kept)) continue;
      const ownedChild = owned.children.get(element);
      if (ownedChild === undefined || isEmpty(ownedChild)) delete kept[name];
      else kept[name] = dropUnowned(kept[name], lastChild, ownedChild, below(rule, name));
    }
    return kept;
  }
  if (Array.isArray(value) && isAssociative(rule)) {
    return value.flatMap((item) => {
      const element = itemElement(item, rule);
      const lastChild = last.children.get(element);
      if (lastChild === undefined) return [item];
      const ownedChild = owned.children.get(element) ?? emptySet;
      if (lastChild.member && !ownedChild.member) return [];
      return [dropUnowned(item, lastChild, ownedChild, itemRule(rule))];
    });
  }
  return value;
}

function ownerText({ manager, operation, subresource, apiVersion, time }: Owner): string {
  const name = `${JSON.stringify(manager)}${subresource === undefined ? "" : ` with subresource ${JSON.stringify(subresource)}`}`;
  return operation === "Apply" ? name : `${name} using ${apiVersion}${time === undefined ? "" : ` at ${time}`}`;
}

function conflictError(conflicts: readonly { owner: Owner; fields: FieldSet }[]): ApiError {
  const causes: StatusCause[] = [];
  const texts: string[] = [];
  for (const { owner, fields } of conflicts) {
    const message = `conflict with ${ownerText(owner)}`;
    const fieldPaths = paths(fields);
    for (const field of fieldPaths) causes.push({ reason: "FieldManagerConflict", message, field });
    texts.push(
      fieldPaths.length === 1
        ? `${message}: ${fieldPaths[0]}`
        : `conflicts with ${ownerText(owner)}:\n${fieldPaths.map((path) => `- ${path}`).join("\n")}`,
    );
  }
  return new ApiError(
    409,
    "Conflict",
    `Apply failed with ${causes.length} conflict${causes.length === 1 ? "" : "s"}: ${texts.join("\n")}`,
    { causes },
  );
}

export interface ApplyOptions {
  manager: string;
  force: boolean;
  subresource: string | undefined;
  time: string;
}

/**
 * Server-side apply (Kubernetes reference, "Server-Side Apply"): merges `config` into `live`, removes what this
 * manager owned and no longer names, and moves ownership. `live` undefined: the object is created.
 * @throws ApiError 409 with a FieldManagerConflict cause for each field that another manager owns with another
 * value, unless `force`; 400 for duplicate or keyless items of a list map.
 */
export function serverSideApply(
  kind: Kind,
  live: KubeObject | undefined,
  config: KubeObject,
  { manager, force, subresource, time }: ApplyOptions,
): KubeObject {
  const rule = mergeRule(kind);
  const base: KubeObject = live ?? {
    apiVersion: config.apiVersion,
    kind: config.kind,
    metadata: { name: config.metadata.name },
  };
  const merged = merge(base, config, rule) as KubeObject;
  const configFields = ownable(fieldsOf(config, rule));
  let owners = readOwners(live);
  if (live !== undefined && owners.length === 0) {
    // Written before any manager was tracked: what it holds is somebody's, so that the first applier doesn't silently take it.
    owners = [
      {
        manager: "before-first-apply",
        operation: "Update",
        subresource: undefined,
        apiVersion: kind.apiVersion,
        time,
        fields: ownable(fieldsOf(live, rule)),
      },
    ];
  }
  const self = { manager, operation: "Apply" as const, subresource, apiVersion: kind.apiVersion };
  const last = owners.find((owner) => sameOwner(owner, self));
  const others = owners.filter((owner) => !sameOwner(owner, self));
  const owned = [...others.map(({ fields }) => fields), configFields].reduce(union, emptySet);
  const next = (last === undefined ? merged : dropUnowned(merged, last.fields, owned, rule)) as KubeObject;

  const { added, modified, removed } = compare(base, next, rule);
  const touched = union(added, modified);
  const conflicts = others
    .map((owner) => ({ owner, fields: intersection(owner.fields, touched) }))
    .filter(({ fields }) => !isEmpty(fields));
  if (conflicts.length > 0 && !force) throw conflictError(conflicts);
  const kept = others.map((owner) => ({ ...owner, fields: difference(difference(owner.fields, touched), removed) }));
  const mine =
    last === undefined
      ? { ...self, time, fields: configFields }
      : { ...reown(last, configFields, time), apiVersion: kind.apiVersion };
  return { ...next, metadata: { ...next.metadata, managedFields: writeOwners([...kept, mine]) } };
}
