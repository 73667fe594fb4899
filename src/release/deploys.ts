import type { App } from "../model/app.ts";
import { Problem } from "../model/problem.ts";
import type { ReadTx, StoredObject, WriteTx } from "../store/store.ts";
import { appObject } from "./app-object.ts";
import { acceptApp, type Accepted, type Cause } from "./accept.ts";
import { Problems, type Changed, type ChangeOptions } from "./changes.ts";
import { remember } from "./journal-state.ts";
import { forgive, keptWarnings, reject } from "./rejected.ts";
import { undoTarget, undoable, type Undoable } from "./undo.ts";

/** Gives an App its image: the beginning of a release of its workload. Throws Problem, Problems. */
export async function deployApp(
  tx: WriteTx,
  name: string,
  given: { image?: string; artifact?: string },
  { by, message }: ChangeOptions,
): Promise<Changed> {
  const object = await appObject(tx, name);
  const app = object.body as unknown as App;
  return release(tx, object, app, {
    image: await imageToRun(tx, app, given),
    cause: { kind: "deploy", by, ...(message !== undefined && { message }) },
  });
}

/** Tries again what was taken back: a release of the App as it is declared. Throws Problem, Problems. */
export async function retryApp(tx: WriteTx, name: string, { by, message }: ChangeOptions): Promise<Changed> {
  const object = await appObject(tx, name);
  const app = object.body as unknown as App;
  const newest = await tx.lastRelease(name);
  const last = newest === 0 ? undefined : remember(await tx.journal(name, newest));
  // The image of the release that failed: what is in force is the good one.
  const image = last?.ended !== undefined && last.ended.outcome !== "finished" ? last.accepted.image : null;
  await forgive(tx, name);
  return release(tx, object, app, {
    ...(image !== null && { image }),
    retry: true,
    cause: { kind: "retry", by, ...(message !== undefined && { message }) },
  });
}

/** A new release of parts from one that finished before; what they replace counts as rejected. Throws Problem, Problems. */
export async function undoApp(
  tx: WriteTx,
  name: string,
  { only = undoable, to }: { only?: readonly Undoable[]; to?: number },
  { by, message }: ChangeOptions,
): Promise<Changed> {
  const object = await appObject(tx, name);
  const target = await undoTarget(tx, object.body as unknown as App, only, to);
  if ((await tx.openReleases(name)).length > 0)
    throw new Problem("not-now", `A release of ${name} is under way.`, {
      accepted: `quipu abort ${name} first, or wait for its end`,
      subject: `App/${name}`,
    });
  const changed = await release(tx, object, target.app, {
    image: target.image,
    // What comes back was good once, whatever became of it; of the rest, what was taken back stays away.
    retry: only,
    cause: { kind: "undo", by, release: target.to, ...(message !== undefined && { message }) },
  });
  if (changed.releases.length === 0)
    throw new Problem(
      "nothing-to-undo",
      `With the ${only.join(", ")} of release ${target.to}, and Policies, Segment and Clusters as they are now, ${name} is what is in force already.`,
      {
        field: "only",
        found: only.join(", "),
        accepted: "a part that differs; what another document changed is changed back there",
        subject: `App/${name}`,
      },
    );
  const { begun, number } = target.undone;
  if (begun !== undefined) await reject(tx, begun.plan, only, number, `undone by ${by}`);
  return changed;
}

async function release(
  tx: WriteTx,
  object: StoredObject,
  app: App,
  options: { image?: string; cause: Cause } & Pick<Accepted, "retry">,
): Promise<Changed> {
  const accepted = await acceptApp(tx, app, { ...options, declared: object.revision });
  if (accepted.problems.length > 0) throw new Problems(accepted.problems);
  return {
    object: accepted.release ?? object,
    before: object,
    outcome: accepted.release === undefined ? "unchanged" : "created",
    warnings: keptWarnings(object.name, accepted.kept),
    releases: accepted.release === undefined ? [] : [{ app: object.name, name: accepted.release.name }],
  };
}

/** What a deploy runs, by its name. Throws Problem. */
export async function imageToRun(
  tx: ReadTx,
  app: App,
  { image, artifact }: { image?: string; artifact?: string },
): Promise<string> {
  const { name } = app.metadata;
  if (image !== undefined && artifact !== undefined)
    throw new Problem("conflicting-fields", "Both image and artifact are given.", {
      field: "artifact",
      found: artifact,
      accepted: "one of the two",
    });
  if (artifact !== undefined) {
    if ((await tx.artifact(artifact)) === undefined)
      throw new Problem("unknown-reference", `There is no artifact ${artifact} here.`, {
        field: "artifact",
        found: artifact,
        accepted: "the digest that POST /api/v1/artifacts gave",
      });
    return `quipu.local/${name}@${artifact}`;
  }
  const wanted = image ?? app.spec.workload?.image;
  const exact = /^[^\s@]+(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}|@sha256:[0-9a-f]{64})$/;
  if (wanted === undefined || !exact.test(wanted))
    throw new Problem(
      "no-image",
      wanted === undefined
        ? `${name} needs an image or an artifact.`
        : `The image ${wanted} has neither tag nor digest.`,
      {
        field: "image",
        found: wanted,
        accepted: "image: REPOSITORY:TAG or REPOSITORY@sha256:DIGEST, or artifact: sha256:DIGEST",
        subject: `App/${name}`,
      },
    );
  return wanted;
}
