import type { QueryClient } from "@tanstack/react-query";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { followChanges } from "./events.ts";

/** What a browser's stream does, at the test's word. */
class Stream extends EventTarget {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSED = 2;
  static all: Stream[] = [];
  readyState = Stream.CONNECTING;
  constructor() {
    super();
    Stream.all.push(this);
  }
  close(): void {
    this.readyState = Stream.CLOSED;
  }
  opens(): void {
    this.readyState = Stream.OPEN;
    this.dispatchEvent(new Event("open"));
  }
  fails(readyState: number): void {
    this.readyState = readyState;
    this.dispatchEvent(new Event("error"));
  }
}

let states: boolean[];
let reads: unknown[];
let stop: () => void;
const newest = () => Stream.all.at(-1)!;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("EventSource", Stream);
  [Stream.all, states, reads] = [[], [], []];
  const client = { invalidateQueries: (what?: unknown) => reads.push(what) } as unknown as QueryClient;
  stop = followChanges(client, (connected) => states.push(connected));
});
afterEach(() => {
  stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("a stream that is refused is opened again, and everything is read again", () => {
  newest().opens();
  newest().fails(Stream.CLOSED);
  vi.advanceTimersByTime(3_000);
  expect(Stream.all).toHaveLength(2);
  newest().opens();
  expect(states).toEqual([true, false, true]);
  expect(reads).toEqual([undefined]);
});

test("the browser's own attempts are left alone while they fail; one that hangs is replaced", () => {
  newest().opens();
  for (let attempt = 0; attempt < 5; attempt++) {
    newest().fails(Stream.CONNECTING);
    vi.advanceTimersByTime(5_000);
  }
  expect(Stream.all).toHaveLength(1);
  vi.advanceTimersByTime(5_000);
  expect(Stream.all).toHaveLength(2);
  expect(Stream.all[0]!.readyState).toBe(Stream.CLOSED);
  vi.advanceTimersByTime(10_000);
  expect(Stream.all).toHaveLength(3);
  newest().opens();
  vi.advanceTimersByTime(60_000);
  expect(Stream.all).toHaveLength(3);
});

test("once stopped, nothing is opened any more", () => {
  newest().fails(Stream.CLOSED);
  stop();
  vi.advanceTimersByTime(60_000);
  expect(Stream.all).toHaveLength(1);
});
