import { isDeepStrictEqual } from "node:util";
import { itemRule, keyDefaults, type MergeRule } from "../../objects/merge-keys.ts";
import { badRequest } from "./api-error.ts";
import type { FieldSet } from "./field-set.ts";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type MutableSet = { member: boolean; children: Map<string, MutableSet> };
const none: MergeRule = {};

export const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
/** A list whose items have identities of their own, so that several managers may share it. */
export const isAssociative = (rule: MergeRule): boolean => rule.keys !== undefined || rule.set === true;
export const below = (rule: MergeRule, field: string): MergeRule => rule.fields?.[field] ?? none;

/** The path element of an item: `k:{"containerPort":80,"protocol":"TCP"}` or `v:"x"`. @throws ApiError 400 without its key. */
export function itemElement(item: unknown, rule: MergeRule): string {
  if (rule.set === true) return `v:${JSON.stringify(item)}`;
  const key: Record<string, unknown> = {};
  for (const name of [...rule.keys!].sort()) {
    const value = isMap(item) ? (item[name] ?? keyDefaults[name]) : undefined;
    if (value === undefined)
      throw badRequest(
        `failed to create typed patch object: associative list with keys has an element that omits key field "${name}"`,
      );
    key[name] = value;
  }
  return `k:${JSON.stringify(key)}`;
}

/** Items by path element, in order. @throws ApiError 400 when two items are the same. */
export function itemsByElement(list: readonly unknown[], rule: MergeRule, lenient = false): Map<string, unknown> {
  const items = new Map<string, unknown>();
  for (const item of list) {
    const element = itemElement(item, rule);
    if (items.has(element)) {
      if (!lenient)
        throw badRequest(`failed to create typed patch object: duplicate entries for key ${element.slice(2)}`);
      continue;
    }
    items.set(element, item);
  }
  return items;
}

const fresh = (): MutableSet => ({ member: false, children: new Map() });
function child(set: MutableSet, element: string): MutableSet {
  let found = set.children.get(element);
  if (found === undefined) set.children.set(element, (found = fresh()));
  return found;
}
function prune(set: MutableSet): FieldSet {
  for (const [element, below] of set.children) {
    prune(below);
    if (!below.member && below.children.size === 0) set.children.delete(element);
  }
  return set;
}

/** The fields that an applied configuration names: its leaves, and each item of a list map. */
export function fieldsOf(value: unknown, rule: MergeRule): FieldSet {
  const set = fresh();
  collect(value, rule, set, false);
  return prune(set);
}

/** Struct fields that exist in every object of their kind: nobody owns them as such. */
const structural = new Set(["f:metadata", "f:spec", "f:status", "f:template", "f:strategy"]);

/** `branches`: maps and lists themselves are members too, as for something newly added. */
function collect(value: unknown, rule: MergeRule, into: MutableSet, branches: boolean): void {
  // An empty list is owned as such, as an empty map is: else it would be taken away from who asked for it.
  if (Array.isArray(value) && isAssociative(rule) && value.length > 0) {
    for (const [element, item] of itemsByElement(value, rule, true)) {
      const target = child(into, element);
      if (rule.keys !== undefined) collect(item, itemRule(rule), target, branches);
      target.member = true;
    }
  } else if (isMap(value) && rule.atomic !== true && Object.keys(value).length > 0) {
    for (const [name, inner] of Object.entries(value)) {
      const element = `f:${name}`;
      const target = child(into, element);
      collect(inner, below(rule, name), target, branches);
      if (branches && !structural.has(element)) target.member = true;
    }
  } else into.member = true;
}

export interface Comparison {
  added: FieldSet;
  modified: FieldSet;
  removed: FieldSet;
}

/** What changed from `before` to `after`, by field. */
export function compare(before: unknown, after: unknown, rule: MergeRule): Comparison {
  const sets = { added: fresh(), modified: fresh(), removed: fresh() };
  walk(before, after, rule, sets.added, sets.modified, sets.removed);
  return { added: prune(sets.added), modified: prune(sets.modified), removed: prune(sets.removed) };
}

function walk(
  before: unknown,
  after: unknown,
  rule: MergeRule,
  added: MutableSet,
  modified: MutableSet,
  removed: MutableSet,
): void {
  if (before === after) return;
  const descend = (element: string, old: unknown, now: unknown, inner: MergeRule): void => {
    if (old === now) return;
    if (old === undefined || now === undefined) {
      const target = child(old === undefined ? added : removed, element);
      collect(old === undefined ? now : old, inner, target, true);
      if (!structural.has(element)) target.member = true;
    } else walk(old, now, inner, child(added, element), child(modified, element), child(removed, element));
  };
  if (isMap(before) && isMap(after) && rule.atomic !== true) {
    for (const name of new Set([...Object.keys(before), ...Object.keys(after)]))
      descend(`f:${name}`, before[name], after[name], below(rule, name));
  } else if (Array.isArray(before) && Array.isArray(after) && isAssociative(rule)) {
    const olds = itemsByElement(before, rule, true);
    const nows = itemsByElement(after, rule, true);
    const inner = itemRule(rule);
    for (const element of new Set([...olds.keys(), ...nows.keys()]))
      descend(element, olds.get(element), nows.get(element), inner);
  } else if (!isDeepStrictEqual(before, after)) modified.member = true;
}
