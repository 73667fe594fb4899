import type { Seen } from "../model/rows.ts";
import type { Problem } from "../model/problem.ts";
import { appStatus } from "../release/app-status.ts";
import type { Changed } from "../release/changes.ts";
import type { Store, StoredObject } from "../store/store.ts";

export interface ViewContext {
  store: Pick<Store, "inForce" | "seen">;
  now: number;
}

/** A stored object as clients see it: with what the server knows about it. */
export function objectView(
  { body, kind, name, revision, generation, created, updated }: StoredObject,
  { store, now }: ViewContext,
): Record<string, unknown> {
  const metadata = {
    ...body.metadata,
    resourceVersion: String(revision),
    generation,
    creationTimestamp: new Date(created).toISOString(),
  };
  const status =
    kind === "App"
      ? { ...appStatus(name, store.inForce(), store.seen(), now), observedGeneration: generation }
      : kind === "Cluster"
        ? clusterStatus(store.seen().get(name), now)
        : body.status;
  return {
    apiVersion: body.apiVersion,
    kind,
    metadata,
    spec: body.spec,
    ...(status !== undefined && { status: kind === "Release" ? { ...status, updatedAt: updated } : status }),
  };
}

/** Longer than this without a word, and what is shown is old. An idle watch hears a bookmark about once a minute. */
const staleMs = 90_000;

function clusterStatus(seen: Seen | undefined, now: number): Record<string, unknown> {
  const ageMs = seen === undefined || seen.at === 0 ? null : Math.max(0, now - seen.at);
  const problem = seen?.error ?? seen?.trouble;
  const reachable = ageMs !== null && ageMs < staleMs;
  const pods = Object.values(seen?.ready ?? {})
    .flatMap((revisions) => Object.values(revisions))
    .reduce((sum, { ready, total }) => ({ ready: sum.ready + ready, total: sum.total + total }), {
      ready: 0,
      total: 0,
    });
  return {
    applied: seen?.applied ?? 0,
    ageMs,
    pods,
    apps: Object.keys(seen?.ready ?? {}).length,
    ...(problem !== undefined && { error: problem }),
    conditions: [
      {
        type: "Ready",
        status: !reachable ? "Unknown" : problem === undefined ? "True" : "False",
        reason: !reachable ? "NotSeen" : problem === undefined ? "Applied" : "Trouble",
        ...(problem !== undefined && { message: problem }),
      },
    ],
  };
}

/** The answer to a write: the object, what came of it, and what is legal but probably wrong. */
export function changedView(changed: Changed, context: ViewContext): Record<string, unknown> {
  return {
    ...objectView(changed.object, context),
    outcome: changed.outcome,
    warnings: changed.warnings.map(warningView),
    releases: changed.releases.map(({ name }) => name),
  };
}

export function warningView(problem: Problem): Record<string, unknown> {
  const { type: _type, status: _status, ...rest } = problem.toJSON();
  return { ...rest };
}

export function etag(revision: number): string {
  return `"${revision}"`;
}
