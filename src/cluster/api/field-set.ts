/**
 * Sets of fields as `managedFields` holds them (FieldsV1): a tree whose keys are path elements, `f:NAME` a field,
 * `k:{…}` an item of a list by its key fields, `v:VALUE` an item of a set. `member` says that the path itself is
 * in the set, beside what is below it.
 */
export interface FieldSet {
  readonly member: boolean;
  readonly children: ReadonlyMap<string, FieldSet>;
}

export const emptySet: FieldSet = { member: false, children: new Map() };
export const isEmpty = (set: FieldSet): boolean => !set.member && set.children.size === 0;

export function parseFieldsV1(fields: Record<string, unknown>): FieldSet {
  const children = new Map<string, FieldSet>();
  let member = false;
  for (const [element, below] of Object.entries(fields)) {
    if (element === ".") member = true;
    else {
      const child = parseFieldsV1((below ?? {}) as Record<string, unknown>);
      children.set(element, child.children.size === 0 ? { member: true, children: child.children } : child);
    }
  }
  return { member, children };
}

export function formatFieldsV1(set: FieldSet): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const [element, child] of [...set.children].sort(([a], [b]) => (a < b ? -1 : 1))) {
    fields[element] = { ...(child.member && child.children.size > 0 ? { ".": {} } : {}), ...formatFieldsV1(child) };
  }
  return fields;
}

function combine(a: FieldSet, b: FieldSet, member: (a: boolean, b: boolean) => boolean): FieldSet {
  const children = new Map<string, FieldSet>();
  for (const element of new Set([...a.children.keys(), ...b.children.keys()])) {
    const child = combine(a.children.get(element) ?? emptySet, b.children.get(element) ?? emptySet, member);
    if (!isEmpty(child)) children.set(element, child);
  }
  return { member: member(a.member, b.member), children };
}

export const union = (a: FieldSet, b: FieldSet): FieldSet =>
  isEmpty(b) ? a : isEmpty(a) ? b : combine(a, b, (x, y) => x || y);
export const intersection = (a: FieldSet, b: FieldSet): FieldSet =>
  isEmpty(a) || isEmpty(b) ? emptySet : combine(a, b, (x, y) => x && y);
export const difference = (a: FieldSet, b: FieldSet): FieldSet => (isEmpty(b) ? a : combine(a, b, (x, y) => x && !y));

export function equalSets(a: FieldSet, b: FieldSet): boolean {
  if (a.member !== b.member || a.children.size !== b.children.size) return false;
  for (const [element, child] of a.children) {
    const other = b.children.get(element);
    if (other === undefined || !equalSets(child, other)) return false;
  }
  return true;
}

/** The set without these top-level-first paths and everything below them. */
export function without(set: FieldSet, paths: readonly (readonly string[])[]): FieldSet {
  const children = new Map<string, FieldSet>();
  for (const [element, child] of set.children) {
    const here = paths.filter((path) => path[0] === element);
    if (here.some((path) => path.length === 1)) continue;
    const kept =
      here.length === 0
        ? child
        : without(
            child,
            here.map((path) => path.slice(1)),
          );
    if (!isEmpty(kept)) children.set(element, kept);
  }
  return { member: set.member, children };
}

/** `k:{"name":"web"}` → `[name="web"]`, `f:spec` → `.spec`, `v:"x"` → `[="x"]`: as Kubernetes prints paths. */
function elementText(element: string): string {
  const rest = element.slice(2);
  if (element.startsWith("f:")) return `.${rest}`;
  if (element.startsWith("v:")) return `[=${rest}]`;
  const keys = Object.entries(JSON.parse(rest) as Record<string, unknown>).map(
    ([key, value]) => `${key}=${JSON.stringify(value)}`,
  );
  return `[${keys.join(",")}]`;
}

/** Every path of the set as text, in Kubernetes' order: at each level first what is in the set itself, then what is below. */
export function paths(set: FieldSet, prefix = ""): string[] {
  const ordered = [...set.children].sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    ...ordered.flatMap(([element, child]) => (child.member ? [prefix + elementText(element)] : [])),
    ...ordered.flatMap(([element, child]) => paths(child, prefix + elementText(element))),
  ];
}
