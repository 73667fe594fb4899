/**
 * What a server and the agent of one cluster say to each other. The agent dials out and holds one stream open, which tells
 * *that* something is to change; what, it asks for then. So a slow agent gets the latest once, and one that was cut off
 * asks only for what it lacks.
 */
import type { DriftedObject } from "../model/drift.ts";
import { lasting, type HealingPause } from "../model/healing.ts";
import type { Seen } from "../model/rows.ts";
import type { Unhealthy, UnhealthyObject } from "../model/unhealthy.ts";
import type { DesiredObject, ObjectKey } from "./desired.ts";
import { shortHash } from "./stamp.ts";

/** A line of the stream. */
export type AgentMessage =
  /** The stream's first: what follows are all objects of that revision. */
  | { type: "begin"; revision: number; mayBeEmpty: boolean }
  /** Before anything else of a stream, and whenever it changes: whose drift isn't put right. */
  | { type: "healing"; pauses: readonly SentPause[] }
  | { type: "have"; entries: readonly (readonly [ObjectKey, string])[] }
  /** That was all of them. */
  | { type: "complete" }
  | { type: "changed"; revision: number; keys: readonly ObjectKey[]; apps?: readonly string[] }
  | { type: "alive" }
  /** Another agent of the cluster has dialled in: this one must do nothing more. */
  | { type: "replaced" };

/** Every so often a line comes, in ms; without any for three times as long the stream is taken for dead. */
export const aliveMs = 10_000;
/** Most that are asked for, or written, at once. */
export const mostAtOnce = 200;
/** Which agent asks, in each request: of several only the one that dialled in last counts. */
export const agentHeader = "quipu-agent";

/** Tells two versions of an object apart. */
export function versionOf({ object, rowRevision }: DesiredObject): string {
  return shortHash(JSON.stringify([rowRevision, object]));
}

/** A pause, by no clock but the one of who says it: it lasts that many ms yet. */
export type SentPause = Omit<HealingPause, "until"> & { forMs: number };

export function sentPauses(pauses: readonly HealingPause[], now: number): SentPause[] {
  return lasting(pauses, now).map(({ until, ...pause }) => ({ ...pause, forMs: until - now }));
}
export function heardPauses(pauses: readonly SentPause[], now: number): HealingPause[] {
  return pauses.map(({ forMs, ...pause }) => ({ ...pause, until: now + forMs }));
}

/** An observation, by no clock but the server's: times are ages, in ms. `ageMs` is null when nothing was observed yet. */
export type AgentReport = Omit<Seen, "cluster" | "at" | "identity" | "drift" | "unhealthy"> & {
  ageMs: number | null;
  drift?: SentDrift[];
  unhealthy?: SentUnhealthy;
};
export type SentDrift = Omit<DriftedObject, "at" | "healedAt"> & { agoMs: number; healedAgoMs?: number };
export type SentUnhealthy = Pick<Unhealthy, "count"> & { objects: (Omit<UnhealthyObject, "at"> & { agoMs: number })[] };

export function reportOf(
  { cluster: _, at, identity: _identity, drift, unhealthy, ...seen }: Seen,
  now: number,
): AgentReport {
  return {
    ...seen,
    ...(drift !== undefined && {
      drift: drift.map(({ at: seenAt, healedAt, ...each }) => ({
        ...each,
        agoMs: Math.max(0, now - seenAt),
        ...(healedAt !== undefined && { healedAgoMs: Math.max(0, now - healedAt) }),
      })),
    }),
    ...(unhealthy !== undefined && {
      unhealthy: {
        count: unhealthy.count,
        objects: unhealthy.objects.map(({ at: since, ...each }) => ({ ...each, agoMs: Math.max(0, now - since) })),
      },
    }),
    ageMs: at === 0 ? null : Math.max(0, now - at),
  };
}

/** By the clock of whoever hears it. `last`: what stands until something newer is known, for an agent that has just begun has seen nothing. */
export function seenOf(
  cluster: string,
  { ageMs, drift: sent, unhealthy: unwell, ...report }: AgentReport,
  now: number,
  last?: Seen,
): Seen {
  const { error, trouble } = report;
  if (ageMs === null && last !== undefined)
    return {
      ...{ cluster, applied: last.applied, ready: last.ready, at: last.at },
      ...(last.beyond !== undefined && { beyond: last.beyond }),
      ...(last.drift !== undefined && { drift: last.drift }),
      ...(last.drifting !== undefined && { drifting: last.drifting }),
      ...(last.unhealthy !== undefined && { unhealthy: last.unhealthy }),
      ...(error !== undefined && { error }),
      ...(trouble !== undefined && { trouble }),
    };
  const drift = sent?.map(({ agoMs, healedAgoMs, ...each }) => ({
    ...each,
    at: now - agoMs,
    ...(healedAgoMs !== undefined && { healedAt: now - healedAgoMs }),
  }));
  const unhealthy = unwell && {
    count: unwell.count,
    objects: unwell.objects.map(({ agoMs, ...each }) => ({ ...each, at: now - agoMs })),
  };
  return {
    ...{ cluster, ...report },
    ...(drift !== undefined && { drift }),
    ...(unhealthy !== undefined && { unhealthy }),
    at: ageMs === null ? 0 : now - ageMs,
  };
}
