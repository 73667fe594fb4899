import { formatDuration } from "../model/duration.ts";
import type { Acknowledgement } from "../rollout/gates.ts";
import type { AskMode, MeshProvider } from "./acknowledge.ts";

/** Long enough for istiod, which gathers changes for at most 10 s (PILOT_DEBOUNCE_MAX) before it pushes them. */
export const unprovenWaitMs = 15_000;

/** More steps of one app than these aren't under way in a cluster at once. */
const mostSteps = 16;

/** A mesh that nobody can ask what its proxies have: each step waits for so long instead, and its receipt says so. */
export class UnprovenMesh implements MeshProvider {
  readonly #why: string;
  readonly #waitMs: number;
  readonly #now: () => number;
  /** Since when each step is asked for, ms, by app; the latest stands last. After a restart the wait begins anew. */
  readonly #since = new Map<string, Map<string, number>>();

  /** `now`: monotonic, ms: a clock that is set forward has nobody wait less. */
  constructor(why: string, now: () => number, waitMs = unprovenWaitMs) {
    this.#why = why;
    this.#now = now;
    this.#waitMs = waitMs;
  }

  async ask(app: string, revision: number, mode: AskMode): Promise<Acknowledgement> {
    const asked = this.#since.get(app) ?? new Map<string, number>();
    this.#since.set(app, asked);
    const step = `${revision}/${mode}`;
    const since = asked.get(step) ?? this.#now();
    asked.delete(step);
    asked.set(step, since);
    if (asked.size > mostSteps) asked.delete(asked.keys().next().value!);
    const done = this.#now() >= since + this.#waitMs;
    const wait = formatDuration(this.#waitMs);
    return { done, evidence: `unproven (${this.#why}): ${done ? `waited ${wait}` : `it is given ${wait}`}` };
  }

  async close(): Promise<void> {
    this.#since.clear();
  }
}
