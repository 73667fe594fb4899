/**
 * Memoised functions with tracked inputs. A cell remembers the value of a function of a key and which other cells
 * it read meanwhile; when one of those changes, it is computed again, and only then. A recomputed value that equals
 * the old one stops there: whoever reads it isn't touched.
 *
 * Marking goes from inputs to readers (so that we know what an edit may reach without visiting anything else),
 * computing goes from readers to inputs (so that nothing is computed that nobody asks for).
 */

const clean = 0;
/** Some input further down may have changed. */
const check = 1;
/** An input has changed. */
const dirty = 2;
type State = typeof clean | typeof check | typeof dirty;

/** What the cells of a family have in common; there are many cells, so they hold nothing twice. */
interface Kind {
  readonly graph: Graph;
  readonly name: string;
  readonly compute: (key: never) => unknown;
  readonly equal: (a: never, b: never) => boolean;
  readonly fallback: { value: unknown } | undefined;
  readonly barrier: boolean;
  readonly cells: Map<string, unknown>;
}

class Cell<V> {
  readonly kind: Kind;
  readonly id: string;
  readonly key: unknown;
  state: State = dirty;
  value: V | undefined = undefined;
  hasValue = false;
  /** What the computation threw; it is remembered like a value, and thrown to every reader. */
  error: unknown = undefined;
  computing = false;
  inputs = new Set<Cell<unknown>>();
  readers = new Set<Cell<unknown>>();
  /** Ids of the objects that the computation itself looked at. */
  objects: Set<string> | undefined = undefined;
  /** Called when a watched cell may have changed. */
  watcher: (() => void) | undefined = undefined;

  constructor(kind: Kind, id: string, key: unknown) {
    this.kind = kind;
    this.id = id;
    this.key = key;
  }

  get label(): string {
    return `${this.kind.name}(${this.id})`;
  }

  read(): V {
    const reader = this.kind.graph.reader;
    if (reader !== undefined) {
      reader.inputs.add(this);
      this.readers.add(reader);
    }
    this.refresh();
    if (reader === undefined) this.kind.graph.release(this);
    if (this.error !== undefined) throw this.error;
    return this.value as V;
  }

  mark(state: State): void {
    if (this.state >= state) return;
    const was = this.state;
    this.state = state;
    if (was !== clean) return;
    this.watcher?.();
    if (this.kind.barrier) {
      this.kind.graph.hold(this);
      return;
    }
    for (const reader of this.readers) reader.mark(check);
  }

  refresh(): void {
    if (this.state === check) {
      for (const input of this.inputs) {
        input.refresh();
        if ((this.state as State) === dirty) break;
      }
    }
    if (this.state === dirty) this.run();
    this.state = clean;
  }

  run(): void {
    if (this.computing) throw new Error(`${this.label} depends on itself`);
    const before = this.inputs;
    this.inputs = new Set();
    this.objects = undefined;
    const outer = this.kind.graph.reader;
    this.kind.graph.reader = this;
    this.computing = true;
    let value: V | undefined;
    let error: unknown;
    try {
      value = this.kind.compute(this.key as never) as V;
    } catch (thrown) {
      if (this.kind.fallback === undefined) error = thrown ?? new Error("unknown error");
      else {
        value = this.hasValue ? this.value : (this.kind.fallback.value as V);
        this.kind.graph.onError(thrown, this.label);
      }
    }
    this.computing = false;
    this.kind.graph.reader = outer;
    for (const input of before) {
      if (this.inputs.has(input)) continue;
      input.readers.delete(this);
      this.kind.graph.release(input);
    }
    const unchanged =
      error === undefined &&
      this.error === undefined &&
      this.hasValue &&
      this.kind.equal(this.value as never, value as never);
    this.error = error;
    if (unchanged) return;
    if (error === undefined) {
      this.value = value;
      this.hasValue = true;
    }
    // Readers further up are marked already, unless this held the mark back; only these must compute.
    for (const reader of this.readers) {
      if (this.kind.barrier) reader.mark(dirty);
      else reader.state = dirty;
    }
  }
}

export interface FamilyOptions<K, V> {
  /** Keys with the same id are the same key. Default: the key itself, which must then be a string. */
  id?: (key: K) => string;
  /** When a recomputed value counts as unchanged. Default: `Object.is`. */
  equal?: (a: V, b: V) => boolean;
  /** When the function throws: the last good value stays, or this one when there is none, and the graph's `onError` is told. Without it, readers get the error. */
  fallback?: { value: V };
  /** For values that many read and that seldom change: readers are marked when it has changed, not when it may have. See `settle`. */
  barrier?: boolean;
}

/** A memoised function: call it inside another one and the dependency is recorded. */
export interface Family<K, V> {
  (key: K): V;
  /** For functions that read mutable state outside the graph: that state has changed for this key. */
  invalidate(id: string): void;
  /** The computations that read this key and looked at that object. */
  users(id: string, objectId: string): Reached[];
  readonly size: number;
}

/** A computation, as seen from outside. */
export interface Reached {
  readonly value: unknown;
  readonly watcher: (() => void) | undefined;
  readonly readers: ReadonlySet<Reached>;
}

/** These and all that was computed from them. */
export function reachedFrom(starts: Iterable<Reached>): Set<Reached> {
  const found = new Set<Reached>(starts);
  for (const cell of found) for (const reader of cell.readers) found.add(reader);
  return found;
}

/** A value that someone outside holds on to: kept up to date, and told when it may have changed. */
export interface Watch<V> {
  read(): V;
  /** Ids of all objects that took part in the value, or in those values on the way to it that are meant. */
  objects(meant?: (value: unknown) => boolean): Set<string>;
  end(): void;
}

export class Graph {
  reader: Cell<unknown> | undefined = undefined;
  readonly onError: (error: unknown, label: string) => void;
  #unused = new Set<Cell<unknown>>();
  readonly #held = new Set<Cell<unknown>>();

  constructor(onError: (error: unknown, label: string) => void = () => {}) {
    this.onError = onError;
  }

  family<K, V>(name: string, compute: (key: K) => V, options: FamilyOptions<K, V> = {}): Family<K, V> {
    const cells = new Map<string, Cell<V>>();
    const { id: idOf = (key: K) => key as unknown as string, equal = Object.is, fallback, barrier = false } = options;
    const kind: Kind = { graph: this, name, compute, equal, fallback, barrier, cells };
    const cell = (key: K): Cell<V> => {
      const id = idOf(key);
      let found = cells.get(id);
      if (found === undefined) cells.set(id, (found = new Cell<V>(kind, id, key)));
      return found;
    };
    const family = ((key: K) => cell(key).read()) as Family<K, V>;
    family.invalidate = (id) => cells.get(id)?.mark(dirty);
    family.users = (id, objectId) =>
      [...(cells.get(id)?.readers ?? [])].filter((reader) => reader.objects?.has(objectId) === true);
    Object.defineProperty(family, "size", { get: () => cells.size });
    Object.defineProperty(family, "cell", { value: cell });
    return family;
  }

  /** Notes on the running computation that it looked at this object. */
  note(objectId: string): void {
    if (this.reader !== undefined) (this.reader.objects ??= new Set()).add(objectId);
  }

  watch<K, V>(family: Family<K, V>, key: K, onMark: () => void): Watch<V> {
    const cell = (family as unknown as { cell: (key: K) => Cell<V> }).cell(key);
    if (cell.watcher !== undefined) throw new Error(`${cell.label} is watched already`);
    cell.watcher = onMark;
    return {
      read: () => {
        cell.refresh();
        if (cell.error !== undefined) throw cell.error;
        return cell.value as V;
      },
      objects: (meant) => collectObjects(cell, meant),
      end: () => {
        cell.watcher = undefined;
        this.release(cell);
      },
    };
  }

  /** A barrier that may have changed. */
  hold(cell: Cell<unknown>): void {
    this.#held.add(cell);
  }

  /** Computes what barriers held back, so that whoever reads one that has changed is marked. Before anything watched is read. */
  settle(): void {
    for (const cell of this.#held) {
      this.#held.delete(cell);
      if (cell.readers.size > 0 || cell.watcher !== undefined) cell.refresh();
    }
  }

  /** The cell may be of no more use. */
  release(cell: Cell<unknown>): void {
    if (cell.readers.size === 0 && cell.watcher === undefined) this.#unused.add(cell);
  }

  /** Forgets cells that nobody reads or watches any more. */
  sweep(): void {
    while (this.#unused.size > 0) {
      const unused = this.#unused;
      this.#unused = new Set();
      for (const cell of unused) {
        if (cell.readers.size > 0 || cell.watcher !== undefined) continue;
        cell.kind.cells.delete(cell.id);
        for (const input of cell.inputs) {
          input.readers.delete(cell);
          this.release(input);
        }
        cell.inputs.clear();
      }
    }
  }
}

function collectObjects(root: Cell<unknown>, meant?: (value: unknown) => boolean): Set<string> {
  const of = (cells: Iterable<Cell<unknown>>) => {
    const objects = new Set<string>();
    for (const cell of inputsOf(cells)) for (const id of cell.objects ?? []) objects.add(id);
    return objects;
  };
  const within = meant && of([...inputsOf([root])].filter(({ value }) => meant(value)));
  // What is meant may be made from its key alone: then those count that made the key.
  return within !== undefined && within.size > 0 ? within : of([root]);
}

function inputsOf(cells: Iterable<Cell<unknown>>): Set<Cell<unknown>> {
  const seen = new Set(cells);
  for (const cell of seen) for (const input of cell.inputs) seen.add(input);
  return seen;
}
