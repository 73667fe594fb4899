import { InvalidArgumentError } from "commander";
import { parseDuration } from "../model/duration.ts";

/** Parts that come back by themselves. */
export const undoable = ["workload", "traffic", "edges"];

export function integer(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError("It is no whole number from 0 up.");
  return value;
}

/** `7`, and `orders-r7` as releases are called elsewhere. */
export function releaseNumber(text: string): number {
  const found = /^(?:.*-)?r?([1-9]\d{0,8})$/.exec(text);
  if (found === null) throw new InvalidArgumentError("It is no release: give its number, such as 7.");
  return Number(found[1]);
}

/** Ms. */
export function duration(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined || ms === 0) throw new InvalidArgumentError("It is no duration: give one such as 90s or 10m.");
  return ms;
}

export function parts(text: string): string[] {
  const given = text.split(",").map((part) => part.trim());
  const wrong = given.find((part) => !undoable.includes(part));
  if (wrong !== undefined)
    throw new InvalidArgumentError(`"${wrong}" can't be undone by itself. Accepted: ${undoable.join(", ")}.`);
  return [...new Set(given)];
}
