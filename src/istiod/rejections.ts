import type { XdsType } from "./syncz.ts";

/** What a replica's `/metrics` tell of it. */
export interface ReplicaMetrics {
  /** When its process started, Unix s: another number is another process, whose pushes are counted anew. */
  started: number;
  /** Responses that proxies have rejected since then, by `TYPE ID`. */
  rejected: ReadonlyMap<string, number>;
}

const rejects = /^pilot_xds_(cds|eds|lds|rds)_reject\{(.*)\} (\S+)$/;

/** Throws when they aren't a Go process's: an answer that says nothing of rejections mustn't count as none. */
export function parseMetrics(body: string): ReplicaMetrics {
  let started: number | undefined;
  const rejected = new Map<string, number>();
  for (const line of body.split("\n")) {
    if (line.startsWith("process_start_time_seconds ")) started = Number(line.split(" ")[1]);
    const [, type, labels = "", count] = rejects.exec(line) ?? [];
    if (type === undefined) continue;
    const node = /(?:^|,)node="([^"]*)"/.exec(labels)?.[1] ?? "";
    const key = rejectionKey(type as XdsType, node);
    rejected.set(key, (rejected.get(key) ?? 0) + Number(count));
  }
  if (started === undefined || Number.isNaN(started))
    throw new TypeError("/metrics doesn't tell when its process started");
  return { started, rejected };
}

export function rejectionKey(type: XdsType, proxy: string): string {
  return `${type} ${proxy}`;
}

/**
 * What proxies had rejected, and how much was in force when that was looked at. Needed because `/debug/syncz` forgets: a
 * proxy that rejects a route configuration and then takes another shows no error any more, and all acknowledged.
 */
export class RejectionLog {
  #started: number | undefined;
  /** By the store revision at the first look that found it so, ascending. */
  #entries: { revision: number; rejected: ReadonlyMap<string, number> }[] = [];

  /** `revision`: of the store, read after the metrics had come. */
  look(revision: number, { started, rejected }: ReplicaMetrics): void {
    if (started !== this.#started) this.#entries = [];
    this.#started = started;
    const last = this.#entries.at(-1);
    if (last !== undefined && sameCounts(last.rejected, rejected)) return;
    this.#entries.push({ revision, rejected });
    if (this.#entries.length > 1000) this.#entries.shift();
  }

  /**
   * How many times it has rejected something of that type since before a revision was put in force. "unknown": it has, and
   * perhaps only before that, but nobody had looked.
   */
  since(revision: number, type: XdsType, proxy: string): number | "unknown" {
    const key = rejectionKey(type, proxy);
    const now = this.#entries.at(-1)?.rejected.get(key) ?? 0;
    const before = this.#entries.findLast((entry) => entry.revision < revision);
    if (before !== undefined) return now - (before.rejected.get(key) ?? 0);
    return now === 0 ? 0 : "unknown";
  }
}

function sameCounts(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): boolean {
  return a.size === b.size && [...a].every(([key, count]) => b.get(key) === count);
}
