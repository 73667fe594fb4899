import type { KubeObject } from "../../objects/meta.ts";
import { badRequest, expired } from "./api-error.ts";

export interface Page {
  items: readonly KubeObject[];
  resourceVersion: string;
  continue?: string;
  remainingItemCount?: number;
}
interface Snapshot {
  items: readonly KubeObject[];
  resourceVersion: string;
  until: number;
}

const lifeMs = 5 * 60_000;
const maxSnapshots = 32;

/**
 * Lists in pages: all pages of one list show the same moment, since the rest is kept (shared objects, so nothing is
 * copied) until it is read or five minutes have passed. Later, or after a restart, a page is 410 and the list begins anew.
 */
export class ListPages {
  readonly #snapshots = new Map<string, Snapshot>();
  readonly #now: () => Date;
  /** Begins at the time, so that no token of before a restart names a list of after it. */
  #next: number;

  constructor(now: () => Date) {
    this.#now = now;
    this.#next = now().getTime();
  }

  first(list: { items: readonly KubeObject[]; resourceVersion: string }, limit: number | undefined): Page {
    if (limit === undefined || limit === 0 || list.items.length <= limit)
      return { items: list.items, resourceVersion: list.resourceVersion };
    const id = String(++this.#next);
    for (const [key, { until }] of this.#snapshots)
      if (until < this.#now().getTime() || this.#snapshots.size >= maxSnapshots) this.#snapshots.delete(key);
    this.#snapshots.set(id, { ...list, until: this.#now().getTime() + lifeMs });
    return this.#page(id, list, 0, limit);
  }

  /** @throws ApiError 400 for a token that isn't ours, 410 when its list is gone. */
  next(token: string, limit: number | undefined): Page {
    const match = /^(\d+)\/(\d+)\/(\d+)$/.exec(Buffer.from(token, "base64url").toString());
    if (match === null) throw badRequest("continue key is not valid");
    const snapshot = this.#snapshots.get(match[1]!);
    if (snapshot === undefined || snapshot.resourceVersion !== match[2] || snapshot.until < this.#now().getTime()) {
      throw expired(
        "The provided continue parameter is too old to display a consistent list result. You must start a new list without the continue parameter",
      );
    }
    return this.#page(
      match[1]!,
      snapshot,
      Number(match[3]),
      limit === undefined || limit === 0 ? snapshot.items.length : limit,
    );
  }

  #page(
    id: string,
    { items, resourceVersion }: { items: readonly KubeObject[]; resourceVersion: string },
    start: number,
    limit: number,
  ): Page {
    const page = items.slice(start, start + limit);
    const left = items.length - start - page.length;
    // A page may be asked for again when its answer got lost, so the snapshot stays until its time.
    return left <= 0
      ? { items: page, resourceVersion }
      : {
          items: page,
          resourceVersion,
          continue: Buffer.from(`${id}/${resourceVersion}/${start + limit}`).toString("base64url"),
          remainingItemCount: left,
        };
  }
}
