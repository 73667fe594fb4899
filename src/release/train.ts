import type { App } from "../model/app.ts";
import type { Problem } from "../model/problem.ts";
import type { ReadTx, WriteTx } from "../store/store.ts";
import { acceptApp, type Cause } from "./accept.ts";
import { readTrains, recordTrain, type HeldDocument, type Train } from "./train-journal.ts";
import { worldInForce } from "./world.ts";

/** Releases of a train at a time: one until the first has finished, then a few. */
const atOnce = 4;

/**
 * After an edit of a Policy, Segment, Cluster or TokenIssuer: a release for each deployed app that resolves to something
 * else now, one after another, stopped by the first that fails. Until all have finished, other releases resolve against
 * the document as it was. Apps that the edit would break keep what they have and are told as problems.
 */
export async function acceptTrain(
  tx: WriteTx,
  cause: Cause,
  changed: HeldDocument,
): Promise<{ apps: string[]; problems: Problem[] }> {
  const trains = await readTrains(tx);
  const id = trains.length + 1;
  const world = await worldInForce(tx, changed);
  const problems: Problem[] = [];
  const releases: Train["releases"] = [];
  for (const name of [...tx.inForce.rosters.keys()].toSorted()) {
    const object = await tx.get("App", name);
    if (object === undefined) continue;
    const outcome = await acceptApp(tx, object.body as unknown as App, {
      cause,
      world,
      declared: object.revision,
      train: { id, position: releases.length },
    });
    problems.push(...outcome.problems);
    if (outcome.release !== undefined)
      releases.push({ app: name, release: outcome.release.body.spec.number as number });
  }
  if (releases.length > 0) await recordTrain(tx, { id, cause, changed, releases });
  return { apps: releases.map(({ app }) => app), problems };
}

export type Turn =
  | { kind: "begin" }
  | { kind: "wait"; reason: string }
  | { kind: "end"; outcome: "superseded" | "stopped"; reason: string };

/** Whether a release may begin: one of a train waits for those before it. Asked again when `endedInTrain` names its app. */
export async function turnOf(
  tx: ReadTx,
  { id, position }: { id: number; position: number },
  newer: number | undefined,
): Promise<Turn> {
  if (newer !== undefined) return { kind: "end", outcome: "superseded", reason: `release ${newer} is newer` };
  const train = (await readTrains(tx))[id - 1];
  if (train === undefined) return { kind: "begin" };
  const what = `${train.changed.kind} ${train.changed.name}`;
  if (train.stopped !== undefined)
    return { kind: "end", outcome: "stopped", reason: `the change of ${what} was stopped: ${train.stopped}` };
  const open = await openOf(tx, train);
  const before = train.releases.slice(0, position).filter(({ app, release }) => open.has(`${app}/${release}`));
  const limit = open.size < train.releases.length ? atOnce : 1;
  if (before.length < limit) return { kind: "begin" };
  // The same for as long as it waits: to say anew, to each that waits, how far it is would cost the square of the apps.
  return {
    kind: "wait",
    reason: `the change of ${what} goes on to others when ${train.releases[0]!.app} has finished, then ${atOnce} at a time; this is number ${position + 1} of ${train.releases.length}`,
  };
}

/** Takes note that a release of a train has ended. Returns apps whose releases may begin or end because of it. */
export async function endedInTrain(
  tx: WriteTx,
  app: string,
  release: number,
  id: number,
  outcome: string,
  reason: string | undefined,
): Promise<string[]> {
  const train = (await readTrains(tx))[id - 1];
  if (train === undefined || train.stopped !== undefined) return [];
  if (outcome === "failed") {
    await recordTrain(tx, { id, stopped: `release ${release} of ${app} failed: ${reason ?? "without a reason"}` });
    return train.releases.map((each) => each.app);
  }
  const open = await openOf(tx, train);
  open.delete(`${app}/${release}`);
  if (open.size > 0)
    return train.releases
      .filter((each) => open.has(`${each.app}/${each.release}`))
      .slice(0, atOnce)
      .map((each) => each.app);
  await recordTrain(tx, { id, finished: true });
  // Apps that were released meanwhile resolved against what was; they follow now.
  const body = await tx.get(train.changed.kind, train.changed.name);
  return (await acceptTrain(tx, train.cause, { ...train.changed, before: body?.body ?? null })).apps;
}

async function openOf(tx: ReadTx, train: Train): Promise<Set<string>> {
  const open = new Set((await tx.openReleases()).map(({ app, release }) => `${app}/${release}`));
  return new Set(train.releases.map(({ app, release }) => `${app}/${release}`).filter((name) => open.has(name)));
}
