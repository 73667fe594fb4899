import type { App } from "../model/app.ts";
import type { Cluster } from "../model/cluster.ts";
import { declaredKinds, type Document } from "../model/kinds.ts";
import { stillCalled } from "../model/lint/still-called.ts";
import { Problem } from "../model/problem.ts";
import type { ObjectBody, ObjectKind, ReadTx, StoredObject, WriteTx } from "../store/store.ts";
import { acceptApp, acceptWithdrawal, imageOf, type Cause } from "./accept.ts";
import { idlePauses, onlyHealing } from "./healing-edit.ts";
import { keptWarnings } from "./rejected.ts";
import { placedIn } from "../model/effective.ts";
import { acceptTrain } from "./train.ts";
import { appWarnings } from "./warnings.ts";
import { readWorld } from "./world.ts";

/** Several problems of one change. */
export class Problems extends Error {
  readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[]) {
    super(problems.map((problem) => problem.message).join("\n"));
    this.problems = problems;
  }
}

export interface Changed {
  object: StoredObject;
  before: StoredObject | undefined;
  outcome: "created" | "updated" | "unchanged";
  warnings: Problem[];
  /** Apps with a new release because of it. */
  releases: { app: string; name: string }[];
}

export interface ChangeOptions {
  by: string;
  message?: string;
  expected?: number;
}

/** Kinds whose edit can change what apps resolve to. */
const resolvedFrom: Record<string, "policy" | "segment" | "cluster"> = {
  Policy: "policy",
  Segment: "segment",
  Cluster: "cluster",
  TokenIssuer: "policy",
};

/** Declares a valid document, and accepts what follows from it as releases. Throws Problems, RevisionConflict. */
export async function putDocument(
  tx: WriteTx,
  document: Document,
  { by, message, expected }: ChangeOptions,
): Promise<Changed> {
  const { kind, metadata } = document;
  const before = await tx.get(kind, metadata.name);
  const {
    uid: _uid,
    resourceVersion: _version,
    generation: _generation,
    creationTimestamp: _created,
    ...kept
  } = metadata;
  const { status: _status, ...bare } = document;
  const body = { ...bare, metadata: kept } as unknown as ObjectBody;
  if (document.kind === "App") checkIdentity(before, document);
  if (document.kind === "Cluster") checkEmbedded(before, document);
  const world = await readWorld(tx);
  const clusters =
    kind === "App" ? placedIn(document, world.segments.get(document.spec.segment), world.clusters) : undefined;
  const object = await tx.put(body, {
    ...(expected !== undefined && { expected }),
    ...(clusters !== undefined && { clusters }),
  });
  const outcome = before === undefined ? "created" : before.revision === object.revision ? "unchanged" : "updated";
  const changed: Changed = { object, before, outcome, warnings: [], releases: [] };
  const cause = { by, ...(message !== undefined && { message }) };
  if (kind === "App") {
    const accepted = await acceptApp(tx, document, {
      cause: { kind: "apply", ...cause },
      declared: object.revision,
    });
    if (accepted.problems.length > 0) throw new Problems(accepted.problems);
    changed.warnings.push(...(await appWarnings(document, world, tx)), ...keptWarnings(metadata.name, accepted.kept));
    if ((await imageOf(tx, tx.inForce, metadata.name)) === undefined)
      changed.warnings.push(
        new Problem("not-deployed", `${metadata.name} is declared, but nothing of it runs yet.`, {
          accepted: `quipu deploy ${metadata.name} --image IMAGE, or --from DIR`,
          subject: `App/${metadata.name}`,
        }),
      );
    if (accepted.release !== undefined) changed.releases.push({ app: metadata.name, name: accepted.release.name });
  } else if (outcome !== "unchanged" && kind in resolvedFrom && !onlyHealing(before, document)) {
    await addTrain(tx, changed, { kind: resolvedFrom[kind]!, ...cause });
  }
  if (document.kind === "Cluster") {
    changed.warnings.push(...(await idlePauses(tx, document)));
    if (document.spec.connection === undefined) changed.warnings.push(...(await objectsStay(tx, before)));
  }
  return changed;
}

/** An App keeps its segment, which its certificates name. Throws Problem. */
export function checkIdentity(before: StoredObject | undefined, { metadata: { name }, spec: { segment } }: App): void {
  if (before === undefined || before.body.spec.segment === segment) return;
  const declared = String(before.body.spec.segment);
  throw new Problem("immutable-field", `App ${name} belongs to segment ${declared}, which is part of its identity.`, {
    field: "spec.segment",
    found: segment,
    accepted: declared,
    subject: `App/${name}`,
  });
}

/** Of the token that a cluster's agent signs in with: there is one for each Cluster, and it goes with it. */
export function agentTokenId(cluster: string): string {
  return `agent-${cluster}`;
}

/** An embedded cluster is never taken for another one. Throws Problem. */
function checkEmbedded(before: StoredObject | undefined, { metadata: { name }, spec: { connection } }: Cluster): void {
  if (connection === undefined || before?.body.spec.provider !== "embedded") return;
  throw new Problem("immutable-field", `Cluster ${name} is embedded: it is reached by the server that runs it.`, {
    field: "spec.connection",
    found: connection,
    accepted: "no connection; give the other cluster a name of its own",
    subject: `Cluster/${name}`,
  });
}

/** What a cluster keeps that leaves: said, because nobody will look after it. */
async function objectsStay(tx: ReadTx, before: StoredObject | undefined): Promise<Problem[]> {
  if (before === undefined || (before.body as unknown as Cluster).spec.connection === undefined) return [];
  const { length: objects } = await tx.ledger(before.name);
  if (objects === 0) return [];
  return [
    new Problem(
      "objects-stay",
      `${before.name} leaves with ${objects} ${objects === 1 ? "object" : "objects"} of Quipu's in it, and they stay: nothing is deleted, healed or released there any more.`,
      { found: objects, subject: `Cluster/${before.name}` },
    ),
  ];
}

async function addTrain(tx: WriteTx, changed: Changed, cause: Cause): Promise<void> {
  const { kind, name } = changed.object;
  const train = await acceptTrain(tx, cause, { kind, name, before: changed.before?.body ?? null });
  changed.warnings.push(...train.problems);
  for (const app of train.apps) changed.releases.push({ app, name: `${app}-r${await tx.lastRelease(app)}` });
}

/** Takes a declaration back. An App is withdrawn from wherever it runs. Throws Problem, RevisionConflict. */
export async function removeDocument(
  tx: WriteTx,
  kind: ObjectKind,
  name: string,
  { by, message, expected }: ChangeOptions,
): Promise<Changed> {
  const object = await tx.get(kind, name);
  if (object === undefined)
    throw new Problem("not-found", `There is no ${kind} ${name}.`, { found: name, subject: `${kind}/${name}` });
  const users = await usersOf(tx, kind, name);
  if (users.length > 0)
    throw new Problem(
      "in-use",
      `${kind} ${name} is used by ${users.slice(0, 5).join(", ")}${users.length > 5 ? ` and ${users.length - 5} more` : ""}.`,
      { found: users.length, accepted: "nothing that uses it", subject: `${kind}/${name}` },
    );
  await tx.delete(kind, name, expected);
  const changed: Changed = { object, before: object, outcome: "updated", warnings: [], releases: [] };
  const cause = { by, ...(message !== undefined && { message }) };
  if (kind === "App") {
    changed.warnings.push(
      ...stillCalled(
        name,
        (await tx.all("App")).map((app) => app.body as unknown as App),
      ),
    );
    const release = await acceptWithdrawal(tx, object.body as unknown as App, { kind: "delete", ...cause });
    if (release !== undefined) changed.releases.push({ app: name, name: release.name });
  } else if (kind in resolvedFrom) {
    await addTrain(tx, changed, { kind: resolvedFrom[kind]!, ...cause });
  }
  if (kind === "Cluster") {
    changed.warnings.push(...(await objectsStay(tx, object)));
    await tx.deleteToken(agentTokenId(name));
  }
  return changed;
}

async function usersOf(tx: ReadTx, kind: ObjectKind, name: string): Promise<string[]> {
  const filter =
    kind === "Team"
      ? { team: name }
      : kind === "Segment"
        ? { segment: name }
        : kind === "Cluster"
          ? { cluster: name }
          : undefined;
  if (filter !== undefined)
    return (await tx.list("App", { ...filter, limit: 500 })).items.map((app) => `App/${app.name}`);
  if (kind === "TokenIssuer")
    return (await tx.all("App"))
      .filter((app) => (app.body as unknown as App).spec.expose?.some((host) => host.jwt === name))
      .map((app) => `App/${app.name}`);
  return [];
}

export function isWritable(kind: ObjectKind): boolean {
  return declaredKinds[kind].writable;
}
