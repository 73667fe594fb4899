/** Which objects must be looked at, since which revision, and when to try again after a failure. Pure; time is an argument. */
import { backOffMs, type BackOff } from "../kube/back-off.ts";
import type { ObjectKey } from "./desired.ts";

interface Dirty {
  /** The first revision that isn't applied because of it; Infinity: drift only, everything wanted had been applied. */
  since: number;
  /** The last revision that wanted something else; 0: none. */
  latest: number;
  failures: number;
  notBefore: number;
  error?: string;
  /** Why it waits although nothing failed. */
  waits?: string;
  /** Raised by each mark, so that a change during an apply isn't lost. */
  turn: number;
}

export class DirtyKeys {
  readonly #dirty = new Map<ObjectKey, Dirty>();
  readonly #backOff: BackOff;
  readonly #random: () => number;
  #turn = 0;

  constructor(backOff: BackOff, random: () => number) {
    this.#backOff = backOff;
    this.#random = random;
  }

  get size(): number {
    return this.#dirty.size;
  }
  has(key: ObjectKey): boolean {
    return this.#dirty.has(key);
  }

  /** Something else is wanted as of `revision`: tried at once, whatever failed before. */
  markWanted(key: ObjectKey, revision: number): void {
    const entry = this.#dirty.get(key);
    this.#dirty.set(key, {
      since: Math.min(entry?.since ?? Infinity, revision),
      latest: revision,
      failures: 0,
      notBefore: 0,
      turn: ++this.#turn,
    });
  }

  /** The cluster shows something else. A failing key keeps its wait: an event must not turn it into a busy loop. */
  markSeen(key: ObjectKey): void {
    const entry = this.#dirty.get(key);
    if (entry) entry.turn = ++this.#turn;
    else this.#dirty.set(key, { since: Infinity, latest: 0, failures: 0, notBefore: 0, turn: ++this.#turn });
  }

  /** What may be tried now, with the turn to give back. */
  due(now: number): Map<ObjectKey, number> {
    const due = new Map<ObjectKey, number>();
    for (const [key, { notBefore, turn }] of this.#dirty) if (notBefore <= now) due.set(key, turn);
    return due;
  }

  /** The next moment at which something is due; undefined: nothing waits. */
  nextAt(): number | undefined {
    let next: number | undefined;
    for (const { notBefore } of this.#dirty.values()) next = next === undefined ? notBefore : Math.min(next, notBefore);
    return next;
  }

  /** Done, unless it was marked again meanwhile; then what was wanted up to `revision` is done and the rest remains. */
  done(key: ObjectKey, turn: number, revision: number): void {
    const entry = this.#dirty.get(key);
    if (!entry) return;
    if (entry.turn === turn) this.#dirty.delete(key);
    else
      this.#dirty.set(key, {
        since: entry.latest > revision ? revision + 1 : Infinity,
        latest: entry.latest,
        failures: 0,
        notBefore: 0,
        turn: entry.turn,
      });
  }

  failed(key: ObjectKey, error: string, now: number): void {
    const entry = this.#dirty.get(key);
    if (!entry) return;
    entry.failures++;
    entry.error = error;
    entry.notBefore = now + backOffMs(this.#backOff, entry.failures, this.#random);
  }

  /** As `failed`, for what holds no revision back, such as a namespace that isn't empty yet. */
  postponed(key: ObjectKey, why: string, now: number): void {
    const entry = this.#dirty.get(key);
    if (!entry) return;
    entry.since = Infinity;
    entry.failures++;
    delete entry.error;
    entry.waits = why;
    entry.notBefore = now + backOffMs(this.#backOff, entry.failures, this.#random);
  }

  /** Not tried, because `blocker` failed: it comes back together with that. */
  blocked(key: ObjectKey, blocker: ObjectKey): void {
    const entry = this.#dirty.get(key);
    const cause = this.#dirty.get(blocker);
    if (entry && cause) entry.notBefore = cause.notBefore;
  }

  /** Every failure, by key. */
  failures(): Map<ObjectKey, string> {
    const found = new Map<ObjectKey, string>();
    for (const [key, { error }] of this.#dirty) if (error !== undefined) found.set(key, error);
    return found;
  }

  /** Up to which revision everything is applied, when the source stands at `revision`. */
  appliedUpTo(revision: number): number {
    let applied = revision;
    for (const { since } of this.#dirty.values()) applied = Math.min(applied, since - 1);
    return Math.max(0, applied);
  }
}
