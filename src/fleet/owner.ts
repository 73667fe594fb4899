/** Whose an object is. */
import type { KubeObject } from "../objects/meta.ts";
import type { DesiredObject, ObjectKey } from "./desired.ts";

/** Undefined: no single app's. */
export function appOf({ metadata }: KubeObject): string | undefined {
  return metadata.labels?.["app"];
}

/** Each with its app alone, or undefined. Objects of an app share one list: there may be tens of thousands. */
export function* withOwners(objects: Iterable<DesiredObject>): Iterable<[ObjectKey, string[] | undefined]> {
  const owners = new Map<string, string[]>();
  for (const { key, object } of objects) {
    const app = appOf(object);
    if (app !== undefined && !owners.has(app)) owners.set(app, [app]);
    yield [key, app === undefined ? undefined : owners.get(app)];
  }
}
