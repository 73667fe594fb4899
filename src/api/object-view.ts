import type { Cluster } from "../model/cluster.ts";
import { lasting, pausesOf } from "../model/healing.ts";
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
        ? clusterStatus(body.spec as Cluster["spec"], store.seen().get(name), now)
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

function clusterStatus(
  { provider, connection, healing }: Cluster["spec"],
  seen: Seen | undefined,
  now: number,
): Record<string, unknown> {
  const ageMs = seen === undefined || seen.at === 0 ? null : Math.max(0, now - seen.at);
  const unnamed = connection === undefined && provider !== "embedded" && ageMs === null;
  const problem =
    seen?.error ??
    seen?.trouble ??
    (unnamed ? "it hasn't joined: spec.connection says nothing of how it is reached" : undefined);
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
    ...(seen?.identity !== undefined && { uid: seen.identity.uid }),
    ...(problem !== undefined && { error: problem }),
    ...(seen?.drifting !== undefined && { drifting: seen.drifting }),
    ...(seen?.unhealthy !== undefined && { unhealthy: seen.unhealthy.count }),
    conditions: [
      {
        type: "Ready",
        status: !reachable ? "Unknown" : problem === undefined ? "True" : "False",
        reason: unnamed ? "NotJoined" : !reachable ? "NotSeen" : problem === undefined ? "Applied" : "Trouble",
        ...(problem !== undefined && { message: problem }),
      },
      ...healingCondition(healing, now),
    ],
  };
}

/** Only while it is paused: that is what must not be forgotten. */
function healingCondition(healing: Cluster["spec"]["healing"], now: number): Record<string, unknown>[] {
  const pauses = lasting(pausesOf(healing), now);
  if (pauses.length === 0) return [];
  const message = pauses.map(({ until, apps, why }) => {
    const of = apps === undefined ? "" : ` of ${apps.join(", ")}`;
    return `healing${of} is paused until ${new Date(until).toISOString().replace(".000Z", "Z")}${why === undefined ? "" : `: ${why}`}`;
  });
  return [{ type: "Healing", status: "False", reason: "Paused", message: message.join("; ") }];
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
