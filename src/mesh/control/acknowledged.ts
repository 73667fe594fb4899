import type { Reach } from "../resource.ts";
import type { ProxyStream } from "../xds/proxy-stream.ts";
import type { Disconnected } from "./disconnected.ts";
import type { Compiled, Gone } from "./object-feed.ts";
import { proxyAnswer } from "./proxy-answer.ts";
import type { Asked, ProxyAnswer } from "./proxy-answer.ts";

/** What is asked for. Objects: at least that resource version (as a number), or gone. Resources: that very version, or the newest. */
export interface AcknowledgedQuery {
  objects?: { kind: string; namespace?: string; name: string; resourceVersion?: string; deleted?: boolean }[];
  resources?: { type: string; name: string; version?: string }[];
}

/**
 * `POST /acknowledged` answers it.
 *
 * To advance (something was added): `complete`, which says that every connected proxy that the objects concern has in
 * service what became of them; those in `disconnected` are excused, and to be named.
 * To remove: `complete`, and nobody in `disconnected` whose `certificateUntil` is still to come. A Pod that is known to be
 * deleted stands in neither list.
 */
export interface AcknowledgedAnswer {
  /** Every object is compiled (or gone), and every connected proxy that they concern has in service what became of them. */
  complete: boolean;
  /** Proxies that have a stream now, whether concerned or not. */
  connected: number;
  /** Connected proxies that the objects or resources concern; one that is still connecting counts, for nobody knows. */
  concerned: number;
  /** Of those concerned, how many have it all. */
  acknowledged: number;
  /** Objects that this process hasn't seen in that version yet, or still has: `Kind/namespace/name`. */
  unseen: string[];
  /** Proxies concerned that haven't all of it: never in state "acknowledged". */
  proxies: ProxyAnswer[];
  /** Proxies that have no stream now though their Pod is there, whatever they are concerned with: they may still act by what they had. */
  disconnected: Disconnected[];
}

/** Knows objects as the compiler has taken them in. */
export interface ObjectLog {
  compiled(id: string): Compiled | undefined;
  gone(id: string): Gone | undefined;
  reach(ids: readonly string[]): Reach;
}

/** "Has everyone got it?", exactly. */
export function acknowledged(
  query: AcknowledgedQuery,
  log: ObjectLog,
  proxies: Iterable<ProxyStream>,
  disconnected: Disconnected[],
): AcknowledgedAnswer {
  const unseen: string[] = [];
  const revisions = new Set<number>();
  const ids = new Set<string>();
  const reaches: Reach[] = [];
  let removal: Asked["removal"];
  for (const object of query.objects ?? []) {
    const id = `${object.kind}/${object.namespace ?? ""}/${object.name}`;
    ids.add(id);
    const compiled = log.compiled(id);
    if (object.deleted === true) {
      const gone = log.gone(id);
      if (compiled !== undefined) unseen.push(id);
      else if (gone === undefined) removal = "long ago";
      else {
        // Its routes are gone: what they named needn't be there any more.
        reaches.push({ ...gone.reach, named: [] });
        revisions.add(gone.revision);
        removal ??= "known";
      }
    } else if (compiled === undefined || !isNew(compiled.resourceVersion, object.resourceVersion)) unseen.push(id);
    else revisions.add(compiled.revision);
  }
  // 0: it reached nobody who was connected then.
  revisions.delete(0);
  reaches.push(log.reach([...ids]));
  const asked: Asked = { ids, revisions, reaches, removal, resources: query.resources ?? [] };
  let connected = 0;
  let concerned = 0;
  const lacking: ProxyAnswer[] = [];
  for (const stream of proxies) {
    connected++;
    const answer = proxyAnswer(stream, asked);
    if (answer === undefined) continue;
    concerned++;
    if (answer.state !== "acknowledged") lacking.push(answer);
  }
  return {
    complete: unseen.length === 0 && lacking.length === 0,
    connected,
    concerned,
    acknowledged: concerned - lacking.length,
    unseen,
    proxies: lacking,
    disconnected,
  };
}

function isNew(found: string, wanted: string | undefined): boolean {
  if (wanted === undefined) return true;
  const numbers = /^\d+$/;
  return numbers.test(found) && numbers.test(wanted) ? BigInt(found) >= BigInt(wanted) : found === wanted;
}
