import type { Seen } from "../model/rows.ts";

/** Kinds that lead requests to revisions. */
const leading = ["VirtualService ", "DestinationRule ", "Service "];

/**
 * Why nothing of an app may be removed from a cluster yet: its routes were changed by hand there and aren't put right, so
 * that they may lead to what is about to go. Undefined: they are as they were applied. Pure.
 */
export function changedByHand(seen: Pick<Seen, "drift" | "drifting"> | undefined, app: string): string | undefined {
  const all = seen?.drift?.filter(({ healedAt }) => healedAt === undefined) ?? [];
  const waiting = all.find((each) => each.app === app && leading.some((kind) => each.object.startsWith(kind)));
  const untold = (seen?.drifting ?? 0) - all.length;
  if (waiting === undefined)
    return untold > 0
      ? `${untold} more objects than can be told were changed by hand there and aren't put right: routes of ${app} may be among them`
      : undefined;
  const { object, deleted, managers, waits } = waiting;
  const by = managers.length > 0 ? ` by ${managers.join(", ")}` : "";
  const why = waits === undefined ? "" : ` (${waits})`;
  return `${object} was ${deleted ? "deleted" : `changed${by}`} and isn't put right${why}: it may lead to what is to be removed`;
}
