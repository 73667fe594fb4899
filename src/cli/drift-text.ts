import type { DriftedField, DriftedObject } from "../model/drift.ts";
import { age, marks, plain, type Paint } from "./output.ts";

/** What was changed by hand: each object with its fields, found and wanted, and what became of it. Pure. */
export function driftLines(
  drift: readonly (DriftedObject & { cluster?: string })[],
  { now, drifting = 0, paint = plain }: { now: number; drifting?: number; paint?: Paint },
): string[] {
  const told = drift.filter(({ healedAt }) => healedAt === undefined).length;
  return [
    ...drift.flatMap((each) => [head(each, now, paint), ...each.fields.map(fieldLine), ...rest(each)]),
    ...(drifting > told ? [`and ${drifting - told} more that wait`] : []),
  ];
}

function head(
  { cluster, object, deleted, managers, at, times, healedAt, waits }: DriftedObject & { cluster?: string },
  now: number,
  paint: Paint,
): string {
  const mark = healedAt === undefined ? paint("yellow", marks.wait) : paint("green", marks.good);
  const by = managers.length > 0 ? ` by ${managers.join(", ")}` : "";
  const often = times === undefined ? "" : `, ${times} times`;
  const end = healedAt === undefined ? `waits${waits === undefined ? "" : `: ${waits}`}` : "put right";
  const where = cluster === undefined ? "" : `${cluster}: `;
  return `${mark} ${where}${object} ${deleted ? "deleted" : "changed"}${by} ${age(at, now)} ago${often}; ${end}`;
}

function fieldLine({ field, found, wanted }: DriftedField): string {
  return `    ${field}: ${found ?? "not there"} → ${wanted ?? "not there"}`;
}

function rest({ more }: DriftedObject): string[] {
  return more === undefined ? [] : [`    and ${more} more ${more === 1 ? "field" : "fields"}`];
}
