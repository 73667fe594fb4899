import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { KubeError } from "../../kube/kube-error.ts";
import { MeshWatch, type MeshWatchOptions } from "./mesh-watch.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("when one kind's watch is back, the others don't wait for themselves", async () => {
  let isUp = true;
  const breaks: (() => void)[] = [];
  const down = () => new KubeError("kube/unreachable", "down");
  const client = {
    list: () => (isUp ? Promise.resolve({ items: [], resourceVersion: "1" }) : Promise.reject(down())),
    async *watch(_kind: unknown, { opened, signal }: { opened(): void; signal: AbortSignal }) {
      if (!isUp) throw down();
      opened();
      await new Promise((_, reject) => {
        breaks.push(() => reject(down()));
        signal.addEventListener("abort", () => reject(signal.reason));
      });
      yield* [];
    },
  };
  const ignore = { put: () => undefined, remove: () => undefined };
  const watch = new MeshWatch({
    ...{ client, feed: ignore, pods: { changed: () => undefined, gone: () => undefined } },
    ...{ log: { warn: () => undefined }, now: Date.now },
  } as unknown as MeshWatchOptions);
  await watch.start(new AbortController().signal);
  await vi.advanceTimersByTimeAsync(1);
  isUp = false;
  for (const end of breaks.splice(0)) end();
  await vi.advanceTimersByTimeAsync(30_000);
  isUp = true;
  const states = () => Object.values(watch.status()).map(({ state }) => state);
  expect(states()).not.toContain("watching");
  while (!states().includes("watching")) await vi.advanceTimersByTimeAsync(10);
  await vi.advanceTimersByTimeAsync(20);
  expect(new Set(states())).toEqual(new Set(["watching"]));
  await watch.stop();
});

test("watches that are answered and break at once don't wake each other without end", async () => {
  let asked = 0;
  const client = {
    list: () => Promise.resolve({ items: [], resourceVersion: "1" }),
    async *watch(_kind: unknown, { opened }: { opened(): void }) {
      // Only ends what would go on for ever.
      if (++asked > 5000) await new Promise(() => undefined);
      const longer = (asked * 7) % 40;
      await new Promise((resolve) => setTimeout(resolve, 5 + longer));
      opened();
      yield* [];
      await new Promise((resolve) => setTimeout(resolve, 5));
      throw new KubeError("kube/unreachable", "it broke");
    },
  };
  const ignore = { put: () => undefined, remove: () => undefined };
  const watch = new MeshWatch({
    ...{ client, feed: ignore, pods: { changed: () => undefined, gone: () => undefined } },
    ...{ log: { warn: () => undefined }, now: Date.now },
  } as unknown as MeshWatchOptions);
  await watch.start(new AbortController().signal);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toBeLessThan(1000);
  const stopped = watch.stop();
  // What is being answered just now.
  await vi.advanceTimersByTimeAsync(1000);
  await stopped;
});
