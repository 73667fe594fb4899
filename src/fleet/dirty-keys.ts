/** Which objects must be looked at, since which revision, and when to try again after a failure. Pure; time is an argument. */
import { backOffMs, type BackOff } from "../kube/back-off.ts";
import type { Beyond, Missing } from "../model/rows.ts";
import type { ObjectKey } from "./desired.ts";

/** Revisions that wanted something else of a key, and the apps that they have to do with (absent: perhaps any). */
interface Wish {
  from: number;
  to: number;
  apps?: ReadonlySet<string>;
}

interface Dirty {
  /** In the order of revisions, not applied yet. Empty: drift only, or something that holds no revision back. */
  wishes: readonly Wish[];
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
  /** A change's apps as a set, one for all objects that it touches. */
  readonly #sets = new WeakMap<readonly string[], ReadonlySet<string>>();
  #turn = 0;

  constructor(backOff: BackOff, random: () => number) {
    this.#backOff = backOff;
    this.#random = random;
  }

  /** Rises with each mark. */
  get turn(): number {
    return this.#turn;
  }
  get size(): number {
    return this.#dirty.size;
  }
  has(key: ObjectKey): boolean {
    return this.#dirty.has(key);
  }

  /** Something else is wanted as of `to` (perhaps as of `from` already): tried at once, whatever failed before. */
  markWanted(key: ObjectKey, to: number, apps?: readonly string[], from = to): void {
    const wish: Wish = { from, to, ...(apps !== undefined && { apps: this.#setOf(apps) }) };
    this.#dirty.set(key, {
      wishes: joined([...(this.#dirty.get(key)?.wishes ?? []), wish]),
      failures: 0,
      notBefore: 0,
      turn: ++this.#turn,
    });
  }

  /** The cluster shows something else. A failing key keeps its wait: an event must not turn it into a busy loop. */
  markSeen(key: ObjectKey): void {
    const entry = this.#dirty.get(key);
    if (entry) entry.turn = ++this.#turn;
    else this.#dirty.set(key, { wishes: [], failures: 0, notBefore: 0, turn: ++this.#turn });
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
        wishes: entry.wishes.filter(({ to }) => to > revision),
        failures: 0,
        notBefore: 0,
        turn: entry.turn,
      });
  }

  /** What they waited for may have come: all may be tried now. */
  retryNow(): void {
    for (const entry of this.#dirty.values()) entry.notBefore = 0;
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
    entry.wishes = [];
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

  /** What is applied when the source stands at `revision`: everything up to one, and what beyond that. */
  appliedOf(revision: number): { applied: number; beyond?: Beyond } {
    let applied = revision;
    for (const { wishes } of this.#dirty.values()) for (const { from } of wishes) applied = Math.min(applied, from - 1);
    const missing = byRevision(this.#dirty.values());
    if (missing.length === 0) return { applied };
    return { applied: Math.max(0, applied), beyond: { upTo: revision, missing } };
  }

  #setOf(apps: readonly string[]): ReadonlySet<string> {
    const known = this.#sets.get(apps) ?? new Set(apps);
    this.#sets.set(apps, known);
    return known;
  }
}

/** A key that is refused for long keeps no more wishes than this; the first ones are taken together. */
const mostWishes = 20;

function joined(wishes: readonly Wish[]): readonly Wish[] {
  if (wishes.length <= mostWishes) return wishes;
  const [first, second, ...rest] = wishes;
  return [both(first!, second!), ...rest];
}

function both(a: Wish, b: Wish): Wish {
  return {
    from: Math.min(a.from, b.from),
    to: Math.max(a.to, b.to),
    ...(a.apps !== undefined && b.apps !== undefined && { apps: a.apps.union(b.apps) }),
  };
}

/** Objects that wait for the same revisions say so once. Of many objects most name the very same apps. */
function byRevision(entries: Iterable<Pick<Dirty, "wishes" | "error">>): Missing[] {
  type Group = Omit<Wish, "apps"> & { apps: Set<string> | undefined; last: Wish["apps"]; error: string | undefined };
  const found = new Map<string, Group>();
  let group: Group | undefined;
  for (const { wishes, error } of entries)
    for (const { from, to, apps } of wishes) {
      // Those that were marked together stand together.
      if (group?.from !== from || group.to !== to) {
        group = found.get(`${from}-${to}`) ?? { from, to, apps: new Set(), last: undefined, error: undefined };
        found.set(`${from}-${to}`, group);
      }
      group.error ??= error;
      if (apps === undefined) group.apps = undefined;
      else if (group.last !== apps) for (const app of apps) group.apps?.add(app);
      group.last = apps;
    }
  return [...found.values()]
    .toSorted((a, b) => a.from - b.from || a.to - b.to)
    .map(({ from, to, apps, error }) => ({
      from,
      to,
      ...(apps !== undefined && { apps: [...apps].toSorted() }),
      ...(error !== undefined && { error }),
    }));
}
