/**
 * A local copy of one kind's objects: paged list, then watch with bookmarks, resumed by resource version and listed
 * again when that has been compacted away. Whatever goes wrong, it waits (with jittered back-off) and goes on; it
 * always says how old its view is.
 */
import type { Kind } from "../objects/kinds.ts";
import type { KubeObject } from "../objects/meta.ts";
import { hasName } from "./answers.ts";
import { backOffMs, type BackOff } from "./back-off.ts";
import { systemClock, type Clock } from "./clock.ts";
import type { KubeClient, Selection } from "./kube-client.ts";
import { KubeError } from "./kube-error.ts";
import type { WatchEvent } from "./watch-stream.ts";

export interface ReflectorOptions<T extends KubeObject> extends Selection {
  client: Pick<KubeClient, "list" | "watch">;
  kind: Kind;
  clock?: Clock;
  /** 0 ≤ x < 1. */
  random?: () => number;
  pageSize?: number;
  /** A watch is renewed after this, plus up to as much again. Default 240 s. */
  watchSeconds?: number;
  backOff?: BackOff;
  /** What is kept of each object, to save memory (for example without managedFields). */
  keep?: (object: T) => T;
}

/** All are called synchronously, in order. One that throws is reported to `problem` and doesn't stop the others. */
export interface ReflectorListener<T extends KubeObject> {
  added?(object: T): void;
  modified?(object: T, before: T): void;
  deleted?(object: T): void;
  /** After each full list: the view is complete. */
  synced?(): void;
  /** A watch was accepted: from now on nothing is missed. */
  watching?(): void;
  /** A list or watch failed; the reflector goes on after a wait. */
  problem?(error: Error): void;
}

export interface ReflectorStatus {
  state: "stopped" | "listing" | "watching" | "waiting";
  /** A full list has been read at least once. */
  synced: boolean;
  objects: number;
  /** Failures since the last success. */
  failures: number;
  error?: string;
}

const defaultBackOff: BackOff = { baseMs: 500, maxMs: 30_000 };

export class Reflector<T extends KubeObject = KubeObject> {
  readonly kind: Kind;
  readonly #options: ReflectorOptions<T>;
  readonly #selection: Selection;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #objects = new Map<string, T>();
  readonly #listeners = new Set<ReflectorListener<T>>();
  #resourceVersion = "";
  #synced = false;
  #heardAt = -Infinity;
  #state: ReflectorStatus["state"] = "stopped";
  #failures = 0;
  /** 410s since a watch last told us something. */
  #expiries = 0;
  #failure: Error | undefined;
  #stop: AbortController | undefined;
  #running: Promise<void> = Promise.resolve();
  /** Ends the wait after a failure. */
  #waiting: AbortController | undefined;

  constructor(options: ReflectorOptions<T>) {
    this.kind = options.kind;
    this.#options = options;
    const { namespace, labelSelector, fieldSelector } = options;
    this.#selection = {
      ...(namespace === undefined ? {} : { namespace }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
    };
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
  }

  start(): void {
    if (this.#stop) return;
    const stop = new AbortController();
    this.#stop = stop;
    this.#running = this.#run(stop.signal);
  }

  /** Resolves when nothing is in flight any more. The objects stay readable. */
  async stop(): Promise<void> {
    this.#stop?.abort();
    await this.#running;
    this.#stop = undefined;
    this.#state = "stopped";
  }

  /** Told what happens from now on; returns how to stop listening. */
  listen(listener: ReflectorListener<T>): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get(name: string, namespace?: string): T | undefined {
    return this.#objects.get(keyOf(namespace, name));
  }
  values(): IterableIterator<T> {
    return this.#objects.values();
  }
  get synced(): boolean {
    return this.#synced;
  }

  /** The server has answered somebody else: what waits after a failure asks again now. */
  hurry(): void {
    this.#waiting?.abort();
  }

  /** How long ago the server last told us something (list, event or bookmark), in ms; Infinity before the first list. */
  ageMs(now: number): number {
    return this.#synced ? Math.max(0, now - this.#heardAt) : Infinity;
  }

  status(): ReflectorStatus {
    return {
      state: this.#state,
      synced: this.#synced,
      objects: this.#objects.size,
      failures: this.#failures,
      ...(this.#failure === undefined ? {} : { error: this.#failure.message }),
    };
  }

  /** What keeps the view from being current; undefined: nothing. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (this.#resourceVersion === "") await this.#list(signal);
        const startedAt = this.#clock.now();
        const events = await this.#watch(signal);
        // Ended by the server as agreed. One that ends at once and says nothing would make us ask without pause.
        if (events > 0 || this.#clock.now() - startedAt >= 1000) continue;
        throw new KubeError("kube/unreachable", `watch ${this.kind.plural}: ended at once`);
      } catch (error) {
        if (signal.aborted) return;
        await this.#recover(error, signal);
      }
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    this.#state = "listing";
    const { client, kind, pageSize = 500 } = this.#options;
    const found = new Map<string, T>();
    let resourceVersion: string;
    let next: string | undefined;
    do {
      const page = await client.list<T>(kind, {
        ...this.#selection,
        limit: pageSize,
        ...(next === undefined ? {} : { continue: next }),
        signal,
      });
      for (const object of page.items)
        found.set(keyOf(object.metadata.namespace, object.metadata.name), this.#keep(object));
      resourceVersion = page.resourceVersion;
      if (next !== undefined && page.continue === next)
        throw new KubeError("kube/malformed", `list ${kind.plural}: its pages have no end`);
      next = page.continue;
    } while (next !== undefined);
    this.#heard();
    for (const [key, object] of this.#objects) if (!found.has(key)) this.#remove(key, object);
    for (const [key, object] of found) this.#put(key, object);
    this.#resourceVersion = resourceVersion;
    this.#synced = true;
    this.#tell((listener) => listener.synced?.());
  }

  /** How many events came until the server ended it. */
  async #watch(signal: AbortSignal): Promise<number> {
    this.#state = "watching";
    const { client, kind, watchSeconds = 240 } = this.#options;
    // Spread, so that the watches of many reflectors don't end together.
    const timeoutSeconds = Math.round(watchSeconds * (1 + this.#random()));
    let events = 0;
    const opened = (): void => {
      // Not yet a success that forgets earlier failures: it may break at once.
      this.#heardAt = this.#clock.now();
      this.#failure = undefined;
      this.#tell((listener) => listener.watching?.());
    };
    const over = new AbortController();
    // The server ends the watch by itself; this is for the day it doesn't, because the connection died without a word.
    void this.#clock.sleep((timeoutSeconds + 30) * 1000, over.signal).then(() => over.abort());
    try {
      for await (const event of client.watch<T>(kind, {
        ...this.#selection,
        resourceVersion: this.#resourceVersion,
        timeoutSeconds,
        opened,
        signal: AbortSignal.any([signal, over.signal]),
      })) {
        events++;
        this.#heard();
        this.#expiries = 0;
        this.#take(event);
      }
    } finally {
      over.abort();
    }
    return events;
  }

  #take({ type, object }: WatchEvent<T>): void {
    const version = object.metadata?.resourceVersion;
    if (version === undefined)
      throw new KubeError("kube/malformed", `watch ${this.kind.plural}: an event without resourceVersion`);
    if (type !== "BOOKMARK") {
      if (!hasName(object) || object.kind !== this.kind.kind)
        throw new KubeError("kube/malformed", `watch ${this.kind.plural}: an event about something else`);
      const key = keyOf(object.metadata.namespace, object.metadata.name);
      if (type === "DELETED") this.#remove(key, this.#keep(object));
      else this.#put(key, this.#keep(object));
    }
    this.#resourceVersion = version;
  }

  #put(key: string, object: T): void {
    const before = this.#objects.get(key);
    if (
      before &&
      before.metadata.uid === object.metadata.uid &&
      before.metadata.resourceVersion === object.metadata.resourceVersion
    )
      return;
    this.#objects.set(key, object);
    if (before && before.metadata.uid === object.metadata.uid)
      return this.#tell((listener) => listener.modified?.(object, before));
    // Deleted and made again while we weren't looking: it is another object.
    if (before) this.#tell((listener) => listener.deleted?.(before));
    this.#tell((listener) => listener.added?.(object));
  }

  #remove(key: string, object: T): void {
    if (this.#objects.delete(key)) this.#tell((listener) => listener.deleted?.(object));
  }

  #keep(object: T): T {
    return this.#options.keep ? this.#options.keep(object) : object;
  }

  #heard(): void {
    this.#heardAt = this.#clock.now();
    this.#failures = 0;
    this.#failure = undefined;
  }

  async #recover(cause: unknown, signal: AbortSignal): Promise<void> {
    const error = cause instanceof Error ? cause : new Error(String(cause));
    if (error instanceof KubeError && error.expired) {
      this.#resourceVersion = "";
      // The first time this is no failure: list again at once. A server that keeps saying so is waited for.
      if (this.#expiries++ === 0) return;
      this.#failures = Math.max(this.#failures + 1, this.#expiries - 1);
    } else {
      this.#failures++;
    }
    this.#failure = error;
    this.#tell((listener) => listener.problem?.(error));
    this.#state = "waiting";
    // Later than asked, so that the reflectors of all kinds, which were refused together, don't come together again.
    const asked = error instanceof KubeError ? (error.retryAfterMs ?? 0) * (1 + this.#random() / 4) : 0;
    const waiting = new AbortController();
    // What the server asked for is waited for, whoever else it answers.
    if (asked === 0) this.#waiting = waiting;
    await this.#clock.sleep(
      Math.max(Math.round(asked), backOffMs(this.#options.backOff ?? defaultBackOff, this.#failures, this.#random)),
      AbortSignal.any([signal, waiting.signal]),
    );
    this.#waiting = undefined;
  }

  #tell(call: (listener: ReflectorListener<T>) => void): void {
    for (const listener of this.#listeners) {
      try {
        call(listener);
      } catch (cause) {
        const error = cause instanceof Error ? cause : new Error(String(cause));
        try {
          listener.problem?.(error);
        } catch {
          // A listener that can't even be told of its own failure is no reason to stop watching for the others.
        }
      }
    }
  }
}

function keyOf(namespace: string | undefined, name: string): string {
  return `${namespace ?? ""}/${name}`;
}
