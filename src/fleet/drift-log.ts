/** What was found changed by hand in one cluster, and what became of it. Bounded; time is an argument. */
import type { DriftedField, DriftedObject } from "../model/drift.ts";
import type { Drift } from "./apply-object.ts";
import { keyText, type ObjectKey } from "./desired.ts";

/** That many are told with their fields: what waits comes first. */
const mostTold = 30;
/** Whatever waits is told, for releases ask by it what they may remove; so many at most. */
const mostWaiting = 1000;
const mostFields = 8;
const longestValue = 200;

export class DriftLog {
  /** By `DriftedObject.object`, the latest last. */
  readonly #objects = new Map<string, DriftedObject>();
  /** What isn't put right yet. */
  readonly #waiting = new Map<ObjectKey, string | undefined>();

  /** `last`: as it was told by an earlier process. What waited then is looked at again by whoever goes on from there. */
  constructor(last: readonly DriftedObject[] = []) {
    for (const each of last.toReversed()) this.#objects.set(each.object, each);
  }

  /** Keys that wait, with the app that each belongs to. */
  get waiting(): ReadonlyMap<ObjectKey, string | undefined> {
    return this.#waiting;
  }

  /** True when this wasn't known yet. */
  waits(key: ObjectKey, app: string | undefined, drift: Drift, why: string, now: number): boolean {
    this.#waiting.set(key, app);
    // Somebody took a field and left its value, or put it back: there is nothing to be told.
    if (drift.fields.length === 0 && !drift.deleted && drift.unread === undefined) {
      this.#right(keyText(key), now);
      return false;
    }
    const waits = drift.unread === undefined ? why : `${why}; what it is can't be told: ${drift.unread}`;
    const found = { ...told(key, app, drift, now), waits };
    const before = this.#objects.get(found.object);
    if (before !== undefined && before.healedAt === undefined) {
      found.at = before.at;
      if (before.times !== undefined) found.times = before.times;
      this.#objects.set(found.object, found);
      return !same(before, found);
    }
    this.#put(found, before);
    return true;
  }

  /** Keys of what nothing keeps waiting any more: each once, for about some there may be nothing to be done. */
  resume(isPaused: (app: string | undefined) => boolean): ObjectKey[] {
    const keys = [...this.#waiting].flatMap(([key, app]) => (isPaused(app) ? [] : [key]));
    for (const key of keys) this.#waiting.delete(key);
    return keys;
  }

  /** Nothing keeps it waiting any more but its turn. */
  resumed(key: ObjectKey): void {
    const object = keyText(key);
    const before = this.#objects.get(object);
    if (before?.healedAt !== undefined || before?.waits === undefined) return;
    const { waits: _, ...rest } = before;
    this.#objects.set(object, rest);
  }

  /** We have put it right. */
  healed(key: ObjectKey, app: string | undefined, drift: Drift, now: number): void {
    this.#waiting.delete(key);
    const found: DriftedObject = { ...told(key, app, drift, now), healedAt: now };
    const before = this.#objects.get(found.object);
    if (before !== undefined && before.healedAt === undefined) {
      found.at = before.at;
      if (before.times !== undefined) found.times = before.times;
      this.#objects.delete(found.object);
      this.#objects.set(found.object, found);
    } else this.#put(found, before);
  }

  /** Of what was told by an earlier process: that which nobody knows of any more, which it had no time to tell. */
  forget(isKnown: (object: string) => boolean, now: number): void {
    for (const object of [...this.#objects.keys()]) if (!isKnown(object)) this.#right(object, now);
  }

  /** It is as it should be, or isn't wanted any more. True when it waited. */
  settled(key: ObjectKey, now: number): boolean {
    this.#waiting.delete(key);
    return this.#right(keyText(key), now);
  }

  /** What waits first, then the latest. `drifting`: how many wait. */
  told(): { drift?: readonly DriftedObject[]; drifting?: number } {
    const all = [...this.#objects.values()].toReversed();
    const waiting = all.filter(({ healedAt }) => healedAt === undefined);
    const drifting = waiting.length;
    const drift = [
      ...waiting
        .slice(0, mostWaiting)
        .map((each, at) =>
          at < mostTold ? each : { ...each, fields: [], more: each.fields.length + (each.more ?? 0) },
        ),
      ...all.filter(({ healedAt }) => healedAt !== undefined).slice(0, Math.max(0, mostTold - drifting)),
    ];
    return {
      ...(drift.length > 0 && { drift }),
      ...(drifting > 0 && { drifting }),
    };
  }

  #right(object: string, now: number): boolean {
    const before = this.#objects.get(object);
    if (before === undefined || before.healedAt !== undefined) return false;
    const { waits: _, ...rest } = before;
    this.#objects.delete(object);
    this.#objects.set(object, { ...rest, healedAt: now });
    return true;
  }

  #put(found: DriftedObject, before: DriftedObject | undefined): void {
    const again = before !== undefined && same(before, found);
    this.#objects.delete(found.object);
    this.#objects.set(found.object, again ? { ...found, times: (before.times ?? 1) + 1 } : found);
    for (const { object, healedAt } of this.#objects.values()) {
      if (this.#objects.size <= 2 * mostTold) break;
      if (healedAt !== undefined) this.#objects.delete(object);
    }
  }
}

function told(key: ObjectKey, app: string | undefined, { fields, deleted, managers }: Drift, at: number) {
  const found: DriftedObject = {
    object: keyText(key),
    ...(app !== undefined && { app }),
    ...(deleted && { deleted }),
    fields: fields.slice(0, mostFields).map(({ field, found: was, wanted, managers: by }): DriftedField => ({
      field,
      ...(was !== undefined && { found: valueText(was) }),
      ...(wanted !== undefined && { wanted: valueText(wanted) }),
      ...(by.length > 0 && { managers: by }),
    })),
    ...(fields.length > mostFields && { more: fields.length - mostFields }),
    managers,
    at,
  };
  return found;
}

function valueText(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > longestValue ? `${text.slice(0, longestValue - 1)}…` : text;
}

/** The same was done to it. */
function same(a: DriftedObject, b: DriftedObject): boolean {
  const of = ({ deleted, fields, managers, waits }: DriftedObject) =>
    JSON.stringify([deleted, fields, managers, a.healedAt === undefined ? waits : ""]);
  return of(a) === of(b);
}
