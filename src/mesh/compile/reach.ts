import { typeUrls, type Reach, type Resource, type TypeUrl } from "../resource.ts";
import type { Part } from "./encode.ts";
import { reachedFrom, type Reached } from "./memo.ts";
import { clustersOfListener, clustersOfVirtualHost } from "./references.ts";

/** What was made from some objects, and who has it. */
export function reachOf(users: Iterable<Reached>, proxiesOf: (cells: Iterable<Reached>) => Set<string>): Reach {
  const reached = reachedFrom(users);
  const resources = new Map<TypeUrl, Set<string>>();
  const named: { clusters: ReadonlySet<string>; proxies: ReadonlySet<string> }[] = [];
  for (const cell of reached) {
    const { value } = cell;
    for (const { type, name } of (Array.isArray(value) ? value : [value]).filter(isResource)) {
      const names = resources.get(type);
      if (names) names.add(name);
      else resources.set(type, new Set([name]));
    }
    const clusters = clustersNamed(value);
    if (clusters.size > 0) named.push({ clusters, proxies: proxiesOf(reachedFrom([cell])) });
  }
  return { proxies: proxiesOf(reached), resources, named };
}

const known = new WeakMap<object, ReadonlySet<string>>();
const none: ReadonlySet<string> = new Set();

/** Clusters that an encoded virtual host or listener names; none for anything else. */
function clustersNamed(value: unknown): ReadonlySet<string> {
  const read = isVirtualHost(value) ? clustersOfVirtualHost : isListener(value) ? clustersOfListener : undefined;
  if (read === undefined) return none;
  const before = known.get(value as object);
  if (before) return before;
  const found = read((value as Part).bytes);
  known.set(value as object, found);
  return found;
}

function isResource(value: unknown): value is Resource {
  return typeof value === "object" && value !== null && "type" in value && "version" in value && "bytes" in value;
}
function isListener(value: unknown): boolean {
  return isResource(value) && value.type === typeUrls.listener;
}
/** Parts are made for virtual hosts alone. */
function isVirtualHost(value: unknown): boolean {
  return typeof value === "object" && value !== null && "hash" in value && "bytes" in value;
}
