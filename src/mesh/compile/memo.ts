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

class Cell<V> {
  readonly label: string;
  readonly graph: Graph;
  readonly compute: () => V;
  readonly equal: (a: V, b: V) => boolean;
  readonly dispose: () => void;
  readonly fallback: { value: V } | undefined;
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

  constructor(
    graph: Graph,
    label: string,
    compute: () => V,
    equal: (a: V, b: V) => boolean,
    dispose: () => void,
    fallback: { value: V } | undefined,
  ) {
    this.fallback = fallback;
    this.graph = graph;
    this.label = label;
    this.compute = compute;
    this.equal = equal;
    this.dispose = dispose;
  }

  read(): V {
    const reader = this.graph.reader;
    if (reader !== undefined) {
      reader.inputs.add(this as Cell<unknown>);
      this.readers.add(reader);
    }
    this.refresh();
    if (reader === undefined) this.graph.release(this as Cell<unknown>);
    if (this.error !== undefined) throw this.error;
    return this.value as V;
  }

  mark(state: State): void {
    if (this.state >= state) return;
    const was = this.state;
    this.state = state;
    if (was !== clean) return;
    this.watcher?.();
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
    const outer = this.graph.reader;
    this.graph.reader = this as Cell<unknown>;
    this.computing = true;
    let value: V | undefined;
    let error: unknown;
    try {
      value = this.compute();
    } catch (thrown) {
      if (this.fallback === undefined) error = thrown ?? new Error("unknown error");
      else {
        value = this.hasValue ? this.value : this.fallback.value;
        this.graph.onError(thrown, this.label);
      }
    }
    this.computing = false;
    this.graph.reader = outer;
    for (const input of before) {
      if (this.inputs.has(input)) continue;
      input.readers.delete(this as Cell<unknown>);
      this.graph.release(input);
    }
    const unchanged =
      error === undefined && this.error === undefined && this.hasValue && this.equal(this.value as V, value as V);
    this.error = error;
    if (unchanged) return;
    if (error === undefined) {
      this.value = value;
      this.hasValue = true;
    }
    // Readers further up are marked already; only these must compute.
    for (const reader of this.readers) reader.state = dirty;
  }
}

export interface FamilyOptions<K, V> {
  /** Keys with the same id are the same key. Default: the key itself, which must then be a string. */
  id?: (key: K) => string;
  /** When a recomputed value counts as unchanged. Default: `Object.is`. */
  equal?: (a: V, b: V) => boolean;
  /** When the function throws: the last good value stays, or this one when there is none, and the graph's `onError` is told. Without it, readers get the error. */
  fallback?: { value: V };
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

  constructor(onError: (error: unknown, label: string) => void = () => {}) {
    this.onError = onError;
  }

  family<K, V>(name: string, compute: (key: K) => V, options: FamilyOptions<K, V> = {}): Family<K, V> {
    const cells = new Map<string, Cell<V>>();
    const idOf = options.id ?? ((key: K) => key as unknown as string);
    const equal = options.equal ?? Object.is;
    const cell = (key: K): Cell<V> => {
      const id = idOf(key);
      let found = cells.get(id);
      if (found === undefined) {
        found = new Cell<V>(
          this,
          `${name}(${id})`,
          () => compute(key),
          equal,
          () => cells.delete(id),
          options.fallback,
        );
        cells.set(id, found);
      }
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
      objects: (meant) => collectObjects(cell as Cell<unknown>, meant),
      end: () => {
        cell.watcher = undefined;
        this.release(cell as Cell<unknown>);
      },
    };
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
        cell.dispose();
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
