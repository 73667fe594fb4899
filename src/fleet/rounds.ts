/** Rounds one after another, of which a long one gives way to what comes while it is under way. */
import type { DesiredSource, ObjectKey } from "./desired.ts";
import { round, type RoundContext } from "./round.ts";

/** What must be looked at, each with the turn in which it was marked. */
export type Due = ReadonlyMap<ObjectKey, number>;

/** A round may last that long before it gives way, in ms, so that it gets on even where something comes all the time. */
const leastMs = 1000;

export class Rounds {
  /** What a round was about that gave way. */
  #left: Due | undefined;
  /** Newcomers have just had their turn. They may have no end: what was left comes next. */
  #hadNewcomers = false;

  /** Throws as `round`. What wasn't done stays due. */
  async next(context: Omit<RoundContext, "givesWay">, due: Due): Promise<void> {
    const { dirty, clock, source } = context;
    const first = this.#left === undefined || this.#hadNewcomers ? due : newcomers(due, this.#left, source);
    const now = first.size === 0 ? due : first;
    this.#hadNewcomers = now !== due;
    const [turn, began] = [dirty.turn, clock.now()];
    const givesWay = (): boolean => dirty.turn > turn && clock.now() - began >= leastMs;
    if (now === due) this.#left = due;
    await round({ ...context, givesWay }, now);
    if (now === due && !givesWay()) this.#left = undefined;
  }
}

/**
 * What has come since, with all else that is due of the same apps and of no app: so that what depends on each other is
 * still applied in its order. What goes isn't urgent. Nothing: there are no newcomers.
 */
export function newcomers(due: Due, left: Due, source: Pick<DesiredSource, "get">): Due {
  const isNew = (key: ObjectKey, turn: number): boolean => left.get(key) !== turn;
  const appOf = (key: ObjectKey): string | undefined => {
    const { labels, namespace } = source.get(key)!.object.metadata;
    return labels?.["app"] === undefined ? undefined : `${namespace}/${labels["app"]}`;
  };
  const isWanted = ([key]: [ObjectKey, number]): boolean => source.get(key) !== undefined;
  const fresh = [...due].filter(([key, turn]) => isNew(key, turn)).filter(isWanted);
  if (fresh.length === 0) return new Map();
  const apps = new Set([undefined, ...fresh.map(([key]) => appOf(key))]);
  return new Map([...due].filter(isWanted).filter(([key, turn]) => isNew(key, turn) || apps.has(appOf(key))));
}
