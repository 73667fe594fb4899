import type { Cluster } from "../model/cluster.ts";
import type { Policy } from "../model/policy.ts";
import type { Segment } from "../model/segment.ts";
import type { TokenIssuer } from "../model/token-issuer.ts";
import type { ObjectKind, ReadTx } from "../store/store.ts";

/** What an App is resolved against: few documents of each kind, so that all are read. */
export interface World {
  segments: ReadonlyMap<string, Segment>;
  policies: readonly Policy[];
  clusters: readonly Cluster[];
  issuers: readonly TokenIssuer[];
}

export async function readWorld(tx: ReadTx): Promise<World> {
  const all = async <T>(kind: ObjectKind) => (await tx.all(kind)).map((object) => object.body as unknown as T);
  const segments = await all<Segment>("Segment");
  return { segments: new Map(segments.map((segment) => [segment.metadata.name, segment])), policies: await all<Policy>("Policy"), clusters: await all<Cluster>("Cluster"), issuers: await all<TokenIssuer>("TokenIssuer") };
}
