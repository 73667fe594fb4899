import { every } from "../xds/type-state.ts";
import type { ProxyStream } from "../xds/proxy-stream.ts";
import { shortType } from "../xds/xds-metrics.ts";
import type { Compiled } from "./object-feed.ts";

/** What is asked for. Objects: at least that resource version (as a number), or gone. Resources: that very version, or the newest. */
export interface AcknowledgedQuery {
  objects?: { kind: string; namespace?: string; name: string; resourceVersion?: string; deleted?: boolean }[];
  resources?: { type: string; name: string; version?: string }[];
}

export interface Lacking {
  type: string;
  name: string;
  held?: string;
  message?: string;
  objects?: string[];
}
/** `connecting`: it hasn't yet asked for everything; `waiting`: not acknowledged; `rejected`: refused, and will be until it changes. */
export interface ProxyAnswer {
  id: string;
  state: "acknowledged" | "connecting" | "waiting" | "rejected";
  lacking: Lacking[];
}
export interface AcknowledgedAnswer {
  /** Every object is compiled, and every connected proxy has acknowledged what became of it. */
  complete: boolean;
  connected: number;
  acknowledged: number;
  /** Objects that this process hasn't seen in that version yet. */
  unseen: string[];
  /** Proxies that haven't all of it. */
  proxies: ProxyAnswer[];
}

export interface ObjectLog {
  compiled(id: string): Compiled | undefined;
  gone(id: string): number | undefined;
}

/** "Has everyone got it?", exactly, as far as connected proxies go. */
export function acknowledged(
  query: AcknowledgedQuery,
  log: ObjectLog,
  proxies: Iterable<ProxyStream>,
): AcknowledgedAnswer {
  const unseen: string[] = [];
  const revisions = new Set<number>();
  const ids = new Set<string>();
  for (const object of query.objects ?? []) {
    const id = `${object.kind}/${object.namespace ?? ""}/${object.name}`;
    ids.add(id);
    const revision = object.deleted === true ? whenGone(log, id) : whenCompiled(log, id, object.resourceVersion);
    if (revision === undefined) unseen.push(id);
    else if (revision > 0) revisions.add(revision);
  }
  const answers = [...proxies].map((stream) => answerOf(stream, revisions, ids, query.resources ?? []));
  const lacking = answers.filter(({ state }) => state !== "acknowledged");
  return {
    complete: unseen.length === 0 && lacking.length === 0,
    connected: answers.length,
    acknowledged: answers.length - lacking.length,
    unseen,
    proxies: lacking,
  };
}

function whenCompiled(log: ObjectLog, id: string, wanted: string | undefined): number | undefined {
  const compiled = log.compiled(id);
  if (!compiled || (wanted !== undefined && !notOlder(compiled.resourceVersion, wanted))) return undefined;
  return compiled.revision;
}

/** An object that was never there is as good as gone. */
function whenGone(log: ObjectLog, id: string): number | undefined {
  return log.compiled(id) ? undefined : (log.gone(id) ?? 0);
}

function notOlder(found: string, wanted: string): boolean {
  const numbers = /^\d+$/;
  return numbers.test(found) && numbers.test(wanted) ? BigInt(found) >= BigInt(wanted) : found === wanted;
}

function answerOf(
  stream: ProxyStream,
  revisions: ReadonlySet<number>,
  ids: ReadonlySet<string>,
  resources: NonNullable<AcknowledgedQuery["resources"]>,
): ProxyAnswer {
  const waiting: Lacking[] = [];
  const rejected: Lacking[] = [];
  for (const [type, state] of stream.state.types) {
    const names = new Set([...revisions].flatMap((revision) => [...state.waiting(revision)]));
    for (const name of names) waiting.push(lack(type, name, state.held.get(name)));
    for (const [name, { message, revisions: refused }] of ids.size > 0 ? state.rejected : []) {
      // What it refused when it connected may come from any object: those that the resource was made from.
      const objects = stream.sources(type, name);
      if (
        refused.some((revision) => revisions.has(revision)) ||
        (refused.includes(every) && objects.some((id) => ids.has(id)))
      ) {
        rejected.push({ ...lack(type, name, state.held.get(name)), message, objects });
      }
    }
  }
  for (const { type: given, name, version } of resources) {
    const [type, state] = [...stream.state.types].find(([url]) => url === given || shortType(url) === given) ?? [];
    if (type === undefined || !state?.wants(name)) continue;
    const now = stream.get(type, name);
    const wanted = version ?? (typeof now === "object" ? now.version : undefined);
    const held = state.held.get(name);
    if (held === wanted) continue;
    // Another version is wanted than the proxy is to have: it will never come.
    const refused = state.rejected.get(name);
    if (refused?.version === wanted && refused !== undefined)
      rejected.push({ ...lack(type, name, held), message: refused.message, objects: stream.sources(type, name) });
    else if (wanted !== undefined || held !== undefined) waiting.push(lack(type, name, held));
  }
  const lacking = [...rejected, ...waiting];
  const state =
    rejected.length > 0
      ? "rejected"
      : !stream.state.complete
        ? "connecting"
        : waiting.length > 0
          ? "waiting"
          : "acknowledged";
  return { id: stream.proxy.id, state, lacking };
}

function lack(type: string, name: string, held: string | undefined): Lacking {
  return { type: shortType(type), name, ...(held !== undefined && { held }) };
}
