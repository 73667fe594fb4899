import type { KubeObject } from "../../objects/meta.ts";
import type { Change, ChangeType } from "./object-rows.ts";

export interface WatchEvent<T extends KubeObject = KubeObject> {
  type: ChangeType;
  object: T;
}

/** What a change is to a watch that sees only what `matches`. Undefined: nothing. */
export function seenAs(
  { type, object, previous }: Change,
  matches: (object: KubeObject) => boolean,
): ChangeType | undefined {
  const now = matches(object);
  if (type === "ADDED") return now ? "ADDED" : undefined;
  // After a restart the former state is not known. A DELETED too many does no harm.
  const before = previous === undefined ? type === "MODIFIED" || now : matches(previous);
  if (type === "DELETED") return before ? "DELETED" : undefined;
  return now ? (before ? "MODIFIED" : "ADDED") : before ? "DELETED" : undefined;
}
