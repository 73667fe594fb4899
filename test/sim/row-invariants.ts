import { permitted } from "../../src/model/permission.ts";
import type { HomeLane, Lane, Roster, Seen } from "../../src/model/rows.ts";
import type { InForce, RowChange } from "../../src/store/in-force.ts";
import type { Commit } from "./disk.ts";
import { Violation } from "./violation.ts";

type Home = Lane & HomeLane;
const home = (lane: Lane | undefined | null): Home | undefined => (lane?.kind === "home" ? lane : undefined);

/** What must hold of what is in force after each transaction, and between two. */
export function checkRows(
  { before, after, rows, entries }: Commit,
  seen: ReadonlyMap<string, Seen>,
  goingBack: ReadonlySet<string>,
): void {
  for (const row of rows) {
    if (row.kind === "Snapshot") continue;
    journaled(row, before, entries);
    if (row.kind === "Lane") {
      const was = before.lanes.get(row.cluster)?.get(row.app)?.value;
      if (row.value === null) leaves(was);
      else lane(row.value, was, after, seen.get(row.cluster), goingBack.has(row.app));
    }
  }
  for (const { value } of after.rosters.values()) edges(value, after);
}

function named({ app, cluster }: Lane): string {
  return `${app} in ${cluster}`;
}

function journaled(row: Exclude<RowChange, { kind: "Snapshot" }>, before: InForce, entries: Commit["entries"]): void {
  const writers = new Set(entries.flatMap(({ app, action }) => (action === "write" || action === "end" ? [app] : [])));
  if (row.kind === "Base" ? writers.size > 0 : writers.has(row.app)) return;
  const was = row.kind === "Roster" ? before.rosters.get(row.app)?.value : undefined;
  // Of another app's Roster, a release changes the stage of edges that end at its own.
  if (row.kind === "Roster" && row.value !== null && was !== undefined) {
    const bare = (roster: Roster): string =>
      JSON.stringify({
        ...roster,
        edges: Object.entries(roster.edges).map(([callee, edge]) =>
          writers.has(callee) ? [callee, edge.rules] : [callee, edge],
        ),
      });
    if (bare(row.value) === bare(was)) return;
  }
  throw new Violation(
    "journal before rows",
    `${JSON.stringify(row)} was written without a record of a release that may`,
  );
}

function leaves(was: Lane | undefined): void {
  const lane = home(was);
  if (lane !== undefined && Object.keys(lane.weights).length > 0)
    throw new Violation("good stays", `the lane of ${named(lane)} is deleted while it has weights`);
}

function lane(value: Lane, before: Lane | undefined, after: InForce, seen: Seen | undefined, goingBack: boolean): void {
  const now = home(value);
  if (now === undefined) return;
  const was = home(before);
  const weights = Object.entries(now.weights);
  const sum = weights.reduce((total, [, weight]) => total + weight, 0);
  if (weights.length > 0 && (sum !== 100 || weights.some(([, weight]) => weight <= 0 || !Number.isInteger(weight))))
    throw new Violation("weights sum to 100", `${named(now)}: ${JSON.stringify(now.weights)}`);
  if (Object.keys(now.live).length > 3)
    throw new Violation("three revisions", `${named(now)} has ${Object.keys(now.live).join(", ")}`);
  for (const hash of [...Object.values(now.live), now.scale, now.traffic, now.calls])
    if (!after.snapshots.has(hash))
      throw new Violation("journal before rows", `${named(now)} names a snapshot that isn't there`);
  // Where only callers were, the lead's weights go on until pods are ready here.
  const takenOver =
    now.good === null && JSON.stringify(now.weights) !== JSON.stringify(was?.weights ?? {}) && was === undefined;
  const stillTaken =
    now.good === null && was?.good === null && JSON.stringify(now.weights) === JSON.stringify(was.weights);
  if (!takenOver && !stillTaken)
    for (const [revision, weight] of weights) {
      if (now.live[revision] === undefined || !now.ready.includes(revision))
        throw new Violation(
          "weight without subset",
          `${named(now)}: ${weight} % for ${revision}, which has no subset of its own`,
        );
      const ready = seen?.ready[now.app]?.[revision]?.ready ?? 0;
      const back = goingBack || revision === was?.good;
      if (weight > (was?.weights[revision] ?? 0) && !back && ready === 0)
        throw new Violation(
          "weight without ready capacity",
          `${named(now)}: ${weight} % for ${revision}, of which no pod is told to be ready`,
        );
    }
  good(now, was);
  const roster = after.rosters.get(now.app)?.value;
  for (const [revision] of weights)
    if (!roster?.revisions.includes(revision))
      throw new Violation("weight without subset", `${named(now)}: the Roster doesn't know ${revision}`);
}

function good(now: Home, was: Home | undefined): void {
  const carries = Object.keys(now.weights).length > 0;
  if (now.good !== null && (now.live[now.good] === undefined || (carries && !now.ready.includes(now.good))))
    throw new Violation("good stays", `${named(now)}: the good ${now.good} has no workload or no subset of its own`);
  if (was === undefined || was.good === null || was.good === now.good) return;
  // Where nothing was before it, a release that is taken back leaves nothing.
  if (now.good === null && !carries) return;
  if (now.good === null || (was.weights[now.good] !== 100 && (now.weights[now.good] ?? 0) === 0))
    throw new Violation(
      "good stays",
      `${named(now)}: ${was.good} makes room for ${now.good}, which doesn't carry everything`,
    );
}

function edges(caller: Roster, after: InForce): void {
  for (const [callee, { stage }] of Object.entries(caller.edges)) {
    if (stage !== "open") continue;
    const roster = callee === caller.app ? caller : after.rosters.get(callee)?.value;
    if (roster === undefined || permitted(roster, caller) === undefined)
      throw new Violation(
        "open edge without permission",
        `${caller.app} → ${callee} is open, but ${callee} ${roster === undefined ? "isn't there" : "doesn't permit it"}`,
      );
  }
}
