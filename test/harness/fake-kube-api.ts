import type { KubeObject } from "../../src/objects/meta.ts";
import type { ListOptions, WatchOptions } from "../../src/kube/kube-client.ts";
import { KubeError } from "../../src/kube/kube-error.ts";
import type { WatchEvent } from "../../src/kube/watch-stream.ts";

export const pod = (name: string, resourceVersion: number, uid = name): KubeObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: "food", uid, resourceVersion: String(resourceVersion) },
});
export const expired = () => new KubeError("kube/status", "too old", { status: 410, reason: "Expired" });
export const settle = async () => {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
};

/** An API of one kind with a history, whose watches can be broken and whose history can be compacted. */
export class FakeApi {
  version = 0;
  objects = new Map<string, KubeObject>();
  history: { version: number; event: WatchEvent }[] = [];
  compacted = 0;
  lists: ListOptions[] = [];
  watches: WatchOptions[] = [];
  listError: Error | undefined;
  watchError: Error | undefined;
  watchEnds = false;
  #wake = new Set<() => void>();
  #broken = new Set<(error: Error | "end") => void>();

  put(name: string, uid = name): void {
    const type = this.objects.has(name) ? "MODIFIED" : "ADDED";
    const object = pod(name, ++this.version, uid);
    this.objects.set(name, object);
    this.#record(type, object);
  }
  remove(name: string): void {
    if (!this.objects.delete(name)) return;
    this.#record("DELETED", pod(name, ++this.version));
  }
  bookmark(): void {
    this.#record("BOOKMARK", {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "", resourceVersion: String(this.version) },
    });
  }
  compact(): void {
    this.compacted = this.version;
    this.history = [];
  }
  break(how: Error | "end"): void {
    for (const fail of this.#broken) fail(how);
  }
  #record(type: WatchEvent["type"], object: KubeObject): void {
    this.history.push({ version: this.version, event: { type, object } });
    for (const wake of this.#wake) wake();
  }

  list = async (_: unknown, options: ListOptions = {}) => {
    this.lists.push(options);
    if (this.listError) throw this.listError;
    const all = [...this.objects.values()];
    const start = Number(options.continue ?? 0);
    const end = start + (options.limit ?? all.length);
    return {
      items: all.slice(start, end) as never[],
      resourceVersion: String(this.version),
      ...(end < all.length ? { continue: String(end) } : {}),
    };
  };
  watch = async function* (this: FakeApi, _: unknown, options: WatchOptions): AsyncGenerator<never> {
    this.watches.push(options);
    if (this.watchError) throw this.watchError;
    let at = Number(options.resourceVersion);
    if (at < this.compacted) throw expired();
    options.opened?.();
    if (this.watchEnds) return;
    let over: Error | "end" | undefined;
    let sent = this.history.findIndex(({ version, event }) => version > at && event.type !== "BOOKMARK");
    if (sent < 0) sent = this.history.length;
    let resolve = (): void => undefined;
    const wake = (): void => resolve();
    const fail = (how: Error | "end"): void => {
      over = how;
      resolve();
    };
    options.signal.addEventListener("abort", () => fail(new Error("aborted")));
    this.#wake.add(wake);
    this.#broken.add(fail);
    try {
      for (;;) {
        if (over === "end") return;
        if (over) throw over;
        if (at < this.compacted && sent > this.history.length) throw expired();
        const next = this.history[sent];
        if (next) {
          sent++;
          at = next.version;
          yield next.event as never;
          continue;
        }
        await new Promise<void>((done) => {
          resolve = done;
        });
      }
    } finally {
      this.#wake.delete(wake);
      this.#broken.delete(fail);
    }
  }.bind(this);
}

/** Time that passes only when told to. */
export class ManualClock {
  time = 1_000_000;
  waits: number[] = [];
  #sleepers: { at: number; wake: () => void }[] = [];
  now = () => this.time;
  sleep = (ms: number, signal?: AbortSignal) =>
    new Promise<void>((resolve) => {
      if (signal?.aborted) return resolve();
      // The guard of a watch isn't a wait.
      if (ms < 60_000) this.waits.push(ms);
      this.#sleepers.push({ at: this.time + ms, wake: resolve });
      signal?.addEventListener("abort", () => resolve());
    });
  async pass(ms: number): Promise<void> {
    this.time += ms;
    const due = this.#sleepers.filter(({ at }) => at <= this.time);
    this.#sleepers = this.#sleepers.filter(({ at }) => at > this.time);
    for (const { wake } of due) wake();
    await settle();
  }
}
