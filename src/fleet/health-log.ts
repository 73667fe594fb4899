/** Which of a cluster's objects aren't healthy, and since when. Bounded where it is told; time is an argument. */
import type { Unhealthy, UnhealthyObject } from "../model/unhealthy.ts";
import { keyText, type ObjectKey } from "./desired.ts";

/** What passes by itself within this time, in ms, is an ordinary start or end: an autoscaler has no figures of new pods. */
const passingMs = 30_000;
/** That many are told. */
const mostTold = 30;

export class HealthLog {
  readonly #unhealthy = new Map<ObjectKey, UnhealthyObject>();

  /** `problem` undefined: it is healthy, or gone. */
  found(key: ObjectKey, app: string | undefined, problem: string | undefined, now: number): void {
    if (problem === undefined) {
      this.#unhealthy.delete(key);
      return;
    }
    const at = this.#unhealthy.get(key)?.at ?? now;
    this.#unhealthy.set(key, { object: keyText(key), ...(app !== undefined && { app }), problem, at });
  }

  /** Undefined: all are healthy, or not longer than what passes by itself. */
  told(now: number): Unhealthy | undefined {
    const lasting = [...this.#unhealthy.values()].filter(({ at }) => now - at >= passingMs);
    if (lasting.length === 0) return undefined;
    const objects = lasting.toSorted((a, b) => a.at - b.at || (a.object < b.object ? -1 : 1)).slice(0, mostTold);
    return { count: lasting.length, objects };
  }
}
