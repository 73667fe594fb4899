import type { App } from "../model/app.ts";
import { hashOf } from "../model/canonical.ts";
import { apiVersion } from "../model/metadata.ts";
import { Problem } from "../model/problem.ts";
import type { ReleasePart } from "../model/release.ts";
import { personMs } from "../rollout/gates.ts";
import { closedBy } from "../rollout/windows.ts";
import { fleetCell, type Plan } from "../rollout/plan.ts";
import { homesOf, type InForce } from "../store/in-force.ts";
import type { ObjectBody, ReadTx, StoredObject, WriteTx } from "../store/store.ts";
import { remember } from "./journal-state.ts";
import type { ReleaseStatus } from "./release-status.ts";
import { rejectedParts, rejections, withoutRejected, type Rejection } from "./rejected.ts";
import { resolveApp, type ResolvedApp } from "./resolve-app.ts";
import { worldFor, type World } from "./world.ts";

export interface Cause {
  /** undo: `release` is the one that comes back. */
  release?: number;
  kind: "deploy" | "apply" | "undo" | "policy" | "segment" | "cluster" | "retry" | "delete";
  by: string;
  message?: string;
}

/** The first journal record of a release: what it was made from. */
export interface Accepted {
  app: App | null;
  image: string | null;
  cause: Cause;
  /** What was rejected before may be tried again: all of it, or these parts. */
  retry?: boolean | readonly ReleasePart[];
  /** The train that it belongs to, and its place there. */
  train?: { id: number; position: number };
}

export interface Outcome {
  /** Nothing is accepted when there are any. */
  problems: Problem[];
  /** Absent: declared only (not deployed yet), or nothing changes. */
  release?: StoredObject;
  parts: ReleasePart[];
  /** Parts that the App declares and that aren't released, for they were taken back before. */
  kept: Rejection[];
}

/** The image that an App carries on with: of its newest release that is under way, else of what is in force. */
export async function imageOf(tx: ReadTx, view: InForce, app: string): Promise<string | undefined> {
  const open = (await tx.openReleases(app)).at(-1);
  if (open !== undefined) {
    const [first] = await tx.journal(app, open.release);
    const image = (first?.body as unknown as Accepted | undefined)?.image;
    if (typeof image === "string") return image;
  }
  for (const lane of homesOf(app, view).values()) {
    if (lane.good === null) continue;
    const snapshot = view.snapshots.get(lane.live[lane.good]!);
    if (snapshot?.part === "workload") return snapshot.value.image;
  }
  return undefined;
}

/**
 * Checks an App (already valid by its schema) as it would be put in force, and accepts it as the next release when it
 * has an image to run. Writes nothing when something is wrong, or with `dryRun`.
 */
export async function acceptApp(
  tx: WriteTx,
  app: App,
  options: { image?: string; cause: Cause; dryRun?: boolean; declared?: number; world?: World } & Pick<
    Accepted,
    "retry" | "train"
  >,
): Promise<Outcome> {
  const { name } = app.metadata;
  const world = await worldFor(tx, app, options.world);
  const image = options.image ?? (await imageOf(tx, tx.inForce, name));
  const number = (await tx.lastRelease(name)) + 1;
  const declared = resolveApp(app, image, world, tx.inForce, number);
  const kept = rejectedParts(declared, await rejections(tx, name), options.retry);
  const resolved = withoutRejected(declared, kept, tx.inForce);
  const outcome = { problems: resolved.problems, parts: resolved.parts, kept };
  if (resolved.problems.length > 0) return outcome;
  const refused = kept.find(({ part }) => part === "workload");
  if (options.cause.kind === "deploy" && refused !== undefined)
    return { ...outcome, problems: [wasRejected(name, refused)] };
  if (image === undefined || options.dryRun === true) return outcome;
  if (!(await changes(tx, app, image, resolved))) return outcome;
  const closed = closedBy(
    app,
    world.clusters.filter((cluster) => cluster.metadata.name in resolved.plan.lanes),
    world.windows,
    tx.now,
  );
  if (closed !== undefined)
    return {
      ...outcome,
      problems: [
        new Problem("window-closed", `${closed.reason}.`, {
          found: new Date(tx.now).toISOString(),
          accepted: "a time outside of it; a dry run says what would be released",
          subject: `App/${name}`,
        }),
      ],
    };
  return { ...outcome, release: await record(tx, app, image, options, number, resolved) };
}

function wasRejected(app: string, { release, why }: Rejection): Problem {
  return new Problem("was-rejected", `Release ${release} of ${app} had just this, and it was taken back: ${why}.`, {
    field: "image",
    accepted: `another image, or: quipu retry ${app}`,
    subject: `App/${app}`,
  });
}

/** Whether a release would bring anything that neither is in force nor on its way. */
async function changes(tx: WriteTx, app: App, image: string, resolved: ResolvedApp): Promise<boolean> {
  const open = (await tx.openReleases(app.metadata.name)).at(-1);
  if (open === undefined) return resolved.parts.length > 0;
  const known = remember(await tx.journal(app.metadata.name, open.release));
  if (
    known === undefined ||
    known.accepted.app === null ||
    known.state.failure !== undefined ||
    known.state.abort !== undefined
  )
    return true;
  if (known.begun === undefined)
    return (
      image !== known.accepted.image ||
      hashOf([app.spec, app.metadata.labels]) !== hashOf([known.accepted.app.spec, known.accepted.app.metadata.labels])
    );
  const asks = ({ roster, lanes, bases }: Plan) =>
    hashOf([
      {
        ...roster,
        revisions: [],
        edges: Object.fromEntries(Object.entries(roster?.edges ?? {}).map(([callee, edge]) => [callee, edge.rules])),
      },
      lanes,
      bases,
    ]);
  return asks(known.begun.plan) !== asks(resolved.plan);
}

async function record(
  tx: WriteTx,
  app: App,
  image: string,
  { cause, declared, retry, train }: { cause: Cause; declared?: number } & Pick<Accepted, "retry" | "train">,
  number: number,
  { parts, plan }: ResolvedApp,
): Promise<StoredObject> {
  const { name } = app.metadata;
  const accepted: Accepted = {
    app,
    image,
    cause,
    ...(retry !== undefined && retry !== false && { retry }),
    ...(train !== undefined && { train }),
  };
  const status = await waiting(tx, name);
  await tx.appendJournal(name, number, "accept", { ...accepted });
  const resolved = Object.fromEntries(
    Object.entries(plan.lanes).map(([cluster, { workload, scale, traffic, calls }]) => [
      cluster,
      { workload, scale, traffic, calls },
    ]),
  );
  return tx.put(
    releaseBody(
      name,
      number,
      {
        cause,
        parts,
        ...(parts.includes("workload") && { image }),
        ...(declared !== undefined && { declared: String(declared) }),
        policyRevision: String(tx.next - 1),
        waves: plan.waves,
        resolved,
      },
      status,
    ),
    { expected: 0, clusters: Object.keys(plan.lanes), team: app.spec.team, segment: app.spec.segment },
  );
}

/** A release begins when the one before it has ended: at its end, or gone back because it is superseded. */
async function waiting(tx: WriteTx, app: string): Promise<ReleaseStatus> {
  const before = (await tx.openReleases(app)).at(-1);
  if (before === undefined) return { phase: "waiting", step: null };
  const reason = `release ${before.release} of ${app} is under way; it ends first, or goes back for this one`;
  const until = tx.now + personMs;
  const then = "this one begins";
  // oxlint-disable-next-line unicorn/no-thenable -- what happens then: a word of the API
  return {
    phase: "waiting",
    step: null,
    reason,
    deadline: until,
    then,
    waits: [{ cell: fleetCell, kind: "turn", reason, until, then }],
  };
}

function releaseBody(app: string, number: number, spec: Record<string, unknown>, status: ReleaseStatus): ObjectBody {
  return {
    apiVersion,
    kind: "Release",
    metadata: { name: `${app}-r${number}`, labels: { app } },
    spec: { app, number, ...spec },
    status: { ...status },
  };
}

/** A deleted App: its withdrawal is a release too. undefined when nothing of it is in force or under way. */
export async function acceptWithdrawal(tx: WriteTx, app: App, cause: Cause): Promise<StoredObject | undefined> {
  const { name } = app.metadata;
  const there = tx.inForce.rosters.has(name) || (await tx.openReleases(name)).length > 0;
  if (!there) return undefined;
  const number = (await tx.lastRelease(name)) + 1;
  const accepted: Accepted = { app: null, image: null, cause };
  const status = await waiting(tx, name);
  await tx.appendJournal(name, number, "accept", { ...accepted });
  const clusters = [...tx.inForce.lanes].filter(([, apps]) => apps.has(name)).map(([cluster]) => cluster);
  return tx.put(releaseBody(name, number, { cause, parts: ["workload", "edges"] }, status), {
    expected: 0,
    clusters,
    team: app.spec.team,
    segment: app.spec.segment,
  });
}
