import type { App } from "../model/app.ts";
import type { Cluster } from "../model/cluster.ts";
import type { Policy } from "../model/policy.ts";
import type { Segment } from "../model/segment.ts";
import type { TokenIssuer } from "../model/token-issuer.ts";
import type { Window } from "../model/window.ts";
import type { ObjectKind, ReadTx } from "../store/store.ts";
import { heldBy, readTrains, type HeldDocument } from "./train-journal.ts";

/** What an App is resolved against: few documents of each kind, so that all are read. */
export interface World {
  segments: ReadonlyMap<string, Segment>;
  policies: readonly Policy[];
  clusters: readonly Cluster[];
  issuers: readonly TokenIssuer[];
  windows: readonly Window[];
  /** Segments of the apps that the resolved one calls, as declared: a callee's segment is known before anything of it runs. */
  calleeSegments: ReadonlyMap<string, string>;
}

/** Everything as it is declared. */
export async function readWorld(tx: ReadTx): Promise<World> {
  return worldWith(tx, []);
}

/**
 * Everything as it is in force: documents whose train hasn't finished count as they were before. `changed`: the document
 * whose own train it is for counts as it is declared.
 */
export async function worldInForce(tx: ReadTx, changed?: Pick<HeldDocument, "kind" | "name">): Promise<World> {
  const held = heldBy(await readTrains(tx));
  return worldWith(
    tx,
    held.filter(({ kind, name }) => kind !== changed?.kind || name !== changed.name),
  );
}

async function worldWith(tx: ReadTx, held: readonly HeldDocument[]): Promise<World> {
  const all = async <T>(kind: ObjectKind) => {
    const bodies = new Map((await tx.all(kind)).map(({ name, body }) => [name, body]));
    for (const { name, before } of held.filter((document) => document.kind === kind)) {
      if (before === null) bodies.delete(name);
      else bodies.set(name, before);
    }
    return [...bodies.values()] as unknown as T[];
  };
  const segments = await all<Segment>("Segment");
  return {
    calleeSegments: new Map(),
    segments: new Map(segments.map((segment) => [segment.metadata.name, segment])),
    policies: await all<Policy>("Policy"),
    clusters: await all<Cluster>("Cluster"),
    issuers: await all<TokenIssuer>("TokenIssuer"),
    windows: await all<Window>("Window"),
  };
}

/** The world as it is needed to resolve one app: with the segments of its callees. */
export async function worldFor(tx: ReadTx, app: App, world?: World): Promise<World> {
  const calleeSegments = new Map<string, string>();
  for (const call of app.spec.calls ?? []) {
    if (!("app" in call) || calleeSegments.has(call.app)) continue;
    const callee = await tx.get("App", call.app);
    if (callee !== undefined) calleeSegments.set(call.app, (callee.body as unknown as App).spec.segment);
  }
  return { ...(world ?? (await worldInForce(tx))), calleeSegments };
}
