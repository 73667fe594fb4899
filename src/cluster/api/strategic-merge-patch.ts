import { isDeepStrictEqual } from "node:util";
import { itemRule, type MergeRule } from "../../objects/merge-keys.ts";
import { badRequest } from "./api-error.ts";
import { below, isMap } from "./field-walk.ts";

const directive = /^\$(patch|retainKeys|deleteFromPrimitiveList\/.*|setElementOrder\/.*)$/;

/**
 * Strategic merge patch (Kubernetes API conventions): like a merge patch, but lists with a merge key merge by it.
 * Understands `$patch: delete|replace|merge`, `$retainKeys`, `$deleteFromPrimitiveList/F`, `$setElementOrder/F`.
 * @throws ApiError 400 for an item without its merge key, or an unknown directive.
 */
export function strategicMergePatch(target: unknown, patch: unknown, rule: MergeRule): unknown {
  if (!isMap(patch)) return patch;
  if (patch["$patch"] === "replace") return bare(patch);
  if (patch["$patch"] === "delete") return {};
  if (patch["$patch"] !== undefined && patch["$patch"] !== "merge") throw badRequest(`Unknown patch type found: ${String(patch["$patch"])}`);
  let result: Record<string, unknown> = isMap(target) ? { ...target } : {};
  const retain = patch["$retainKeys"];
  if (Array.isArray(retain)) result = Object.fromEntries(Object.entries(result).filter(([name]) => retain.includes(name)));
  for (const [name, value] of Object.entries(patch)) {
    if (name.startsWith("$")) {
      if (!directive.test(name)) throw badRequest(`unknown directive ${name}`);
      if (name.startsWith("$deleteFromPrimitiveList/") && Array.isArray(value)) {
        const field = name.slice("$deleteFromPrimitiveList/".length);
        const list = result[field];
        if (Array.isArray(list)) result[field] = list.filter((item) => !value.some((gone) => isDeepStrictEqual(gone, item)));
      }
      continue;
    }
    const inner = below(rule, name);
    if (value === null) delete result[name];
    else if (Array.isArray(value) && inner.patchKey !== undefined) result[name] = mergeList(result[name], value, inner);
    else if (isMap(value)) {
      if (value["$patch"] === "delete") delete result[name];
      else if (inner.patchReplace === true) result[name] = bare(value);
      else result[name] = strategicMergePatch(result[name], value, inner);
    } else result[name] = value;
  }
  for (const [name, value] of Object.entries(patch)) {
    if (!name.startsWith("$setElementOrder/") || !Array.isArray(value)) continue;
    const field = name.slice("$setElementOrder/".length);
    const list = result[field];
    if (Array.isArray(list)) result[field] = reorder(list, value, below(rule, field).patchKey ?? "");
  }
  return result;
}

function mergeList(target: unknown, patch: readonly unknown[], rule: MergeRule): unknown[] {
  const list: unknown[] = Array.isArray(target) ? [...target] : [];
  const key = rule.patchKey!;
  if (key === "") {
    for (const item of patch) if (!list.some((existing) => isDeepStrictEqual(existing, item))) list.push(item);
    return list;
  }
  if (patch.some((item) => isMap(item) && item["$patch"] === "replace")) return patch.filter((item) => !(isMap(item) && item["$patch"] === "replace" && item[key] === undefined)).map((item) => (isMap(item) ? bare(item) : item));
  for (const item of patch) {
    if (!isMap(item) || item[key] === undefined) throw badRequest(`map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`);
    const at = list.findIndex((existing) => isMap(existing) && existing[key] === item[key]);
    if (item["$patch"] === "delete") {
      if (at >= 0) list.splice(at, 1);
    } else if (at < 0) list.push(strategicMergePatch({}, item, itemRule(rule)));
    else list[at] = strategicMergePatch(list[at], item, itemRule(rule));
  }
  return list;
}

/** Items named in `order` come in that order; others keep their place relative to what they followed. */
function reorder(list: readonly unknown[], order: readonly unknown[], key: string): unknown[] {
  const rank = (item: unknown): number => order.findIndex((wanted) => (key === "" ? isDeepStrictEqual(wanted, item) : isMap(wanted) && isMap(item) && wanted[key] === item[key]));
  const ranked = list.filter((item) => rank(item) >= 0).sort((a, b) => rank(a) - rank(b));
  let next = 0;
  return list.map((item) => (rank(item) >= 0 ? ranked[next++] : item));
}

/** Without directives. */
function bare(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !name.startsWith("$")));
}
