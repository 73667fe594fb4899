import type { UnhealthyObject } from "../model/unhealthy.ts";
import { age, marks, plain, type Paint } from "./output.ts";

/** Objects that aren't well by their own status, with what it says. Pure. */
export function healthLines(
  objects: readonly (UnhealthyObject & { cluster?: string })[],
  { now, count = objects.length, paint = plain }: { now: number; count?: number; paint?: Paint },
): string[] {
  return [
    ...objects.map(
      ({ cluster, object, problem, at }) =>
        `${paint("red", marks.bad)} ${cluster === undefined ? "" : `${cluster}: `}${object} for ${age(at, now)}: ${problem}`,
    ),
    ...(count > objects.length ? [`and ${count - objects.length} more`] : []),
  ];
}
