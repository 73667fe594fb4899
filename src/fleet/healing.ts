/** Whose drift isn't put right for now: set by whoever knows the cluster's document, asked by its worker. */
import { lasting, pauseOf, type HealingPause } from "../model/healing.ts";

export class Healing {
  #pauses: readonly HealingPause[];
  readonly #listeners = new Set<() => void>();

  constructor(pauses: readonly HealingPause[] = []) {
    this.#pauses = pauses;
  }

  get pauses(): readonly HealingPause[] {
    return this.#pauses;
  }

  set(pauses: readonly HealingPause[]): void {
    if (JSON.stringify(pauses) === JSON.stringify(this.#pauses)) return;
    this.#pauses = pauses;
    for (const listener of this.#listeners) listener();
  }

  /** `app` undefined: of what belongs to no single app. */
  pause(app: string | undefined, now: number): HealingPause | undefined {
    return pauseOf(this.#pauses, app, now);
  }

  /** Ms until the first of them ends by itself; Infinity: none lasts. */
  endsIn(now: number): number {
    return Math.min(...lasting(this.#pauses, now).map(({ until }) => until - now));
  }

  /** Told when pauses are made, changed or lifted; not when one ends by itself. Returns how to stop. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** Why an object's drift waits, for people. Until when, the cluster's document says: the clock here may be another. */
export function pauseText({ apps, why }: HealingPause, app: string | undefined): string {
  const what = apps === undefined || app === undefined ? "healing" : `healing of ${app}`;
  return `${what} is paused${why === undefined ? "" : `: ${why}`}`;
}
