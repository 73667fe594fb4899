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
  if (patch["$patch"] !== undefined && patch["$patch"] !== "merge")
    throw badRequest(`Unknown patch type found: ${String(patch["$patch"])}`);
  let result: Record<string, unknown> = isMap(target) ? { ...target } : {};
  const retain = patch["$retainKeys"];
  if (Array.isArray(retain))
    result = Object.fromEntries(Object.entries(result).filter(([name]) => retain.includes(name)));
  for (const [name, value] of Object.entries(patch)) {
    if (name.startsWith("$")) {
      if (!directive.test(name)) throw badRequest(`unknown directive ${name}`);
      if (name.startsWith("$deleteFromPrimitiveList/") && Array.isArray(value)) {
        const field = name.slice("$deleteFromPrimitiveList/".length);
        const list = result[field];
        if (Array.isArray(list))
          result[field] = list.filter((item) => !value.some((gone) => isDeepStrictEqual(gone, item)));
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
    const before = isMap(target) ? target[field] : undefined;
    if (Array.isArray(list))
      result[field] = arrange(list, value, Array.isArray(before) ? before : [], below(rule, field).patchKey ?? "");
  }
  return result;
}

function mergeList(target: unknown, patch: readonly unknown[], rule: MergeRule): unknown[] {
  const original: readonly unknown[] = Array.isArray(target) ? target : [];
  const list: unknown[] = [...original];
  const key = rule.patchKey!;
  if (key === "") {
    for (const item of patch) if (!list.some((existing) => isDeepStrictEqual(existing, item))) list.push(item);
    return arrange(list, patch, original, key);
  }
  if (patch.some((item) => isMap(item) && item["$patch"] === "replace"))
    return patch
      .filter((item) => !(isMap(item) && item["$patch"] === "replace" && item[key] === undefined))
      .map((item) => (isMap(item) ? bare(item) : item));
  for (const item of patch) {
    if (!isMap(item) || item[key] === undefined)
      throw badRequest(`map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`);
    const at = list.findIndex((existing) => isMap(existing) && existing[key] === item[key]);
    if (item["$patch"] === "delete") {
      if (at >= 0) list.splice(at, 1);
    } else if (at < 0) list.push(strategicMergePatch({}, item, itemRule(rule)));
    else list[at] = strategicMergePatch(list[at], item, itemRule(rule));
  }
  return arrange(list, patch, original, key);
}

/** Items that `order` names in that order; the others before the first of them that they stood before in `original`. */
function arrange(
  list: readonly unknown[],
  order: readonly unknown[],
  original: readonly unknown[],
  key: string,
): unknown[] {
  const indexIn = (items: readonly unknown[], item: unknown): number =>
    items.findIndex((other) =>
      key === "" ? isDeepStrictEqual(other, item) : isMap(other) && isMap(item) && other[key] === item[key],
    );
  const named = list.filter((item) => indexIn(order, item) >= 0).sort((a, b) => indexIn(order, a) - indexIn(order, b));
  const others = list.filter((item) => indexIn(order, item) < 0);
  const arranged: unknown[] = [];
  for (const item of named) {
    const at = indexIn(original, item);
    const stay =
      at < 0 ? 0 : others.findIndex((other) => !(indexIn(original, other) >= 0 && indexIn(original, other) < at));
    arranged.push(...others.splice(0, stay < 0 ? others.length : stay));
    arranged.push(item);
  }
  return [...arranged, ...others];
}

/** Without directives. */
function bare(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !name.startsWith("$")));
}
