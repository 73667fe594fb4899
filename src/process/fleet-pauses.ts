import { Healing } from "../fleet/healing.ts";
import type { Cluster } from "../model/cluster.ts";
import { pausesOf, type HealingPause } from "../model/healing.ts";
import type { Store } from "../store/store.ts";

/** What every Cluster's document says of healing, for its worker: as it is now, and as it changes. */
export class FleetPauses {
  readonly #store: Pick<Store, "read" | "watch">;
  readonly #healing = new Map<string, Healing>();
  /** Revision of the latest that was heard of each. */
  readonly #heard = new Map<string, number>();
  readonly #stop = new AbortController();
  #following: Promise<void> | undefined;

  constructor(store: Pick<Store, "read" | "watch">) {
    this.#store = store;
  }

  /** Resolves when all that is declared now is known. `failed`: changes aren't heard of any more. */
  async start(failed: (error: unknown) => void): Promise<void> {
    const { revision, clusters } = await this.#store.read(async (tx) => ({
      revision: await tx.revision(),
      clusters: await tx.all("Cluster"),
    }));
    for (const { body, revision: of } of clusters) this.heard(body as unknown as Cluster, of);
    this.#following = (async () => {
      for await (const { scope, kind, name, body, revision: at } of this.#store.watch(revision, this.#stop.signal)) {
        if (scope !== "object" || kind !== "Cluster") continue;
        this.#set(name, at, body === null ? [] : pausesOf((body as Cluster).spec.healing));
      }
    })().catch((error: unknown) => {
      if (!this.#stop.signal.aborted) failed(error);
    });
  }

  /** A Cluster as it was at a store revision, from whoever knows it first. */
  heard({ metadata, spec }: Cluster, revision: number): void {
    this.#set(metadata.name, revision, pausesOf(spec.healing));
  }

  /** The same for as long as the server runs, whether the cluster is known yet or not. */
  of(name: string): Healing {
    const known = this.#healing.get(name) ?? new Healing();
    this.#healing.set(name, known);
    return known;
  }

  /** Who tells of it may be late, busy with another cluster: healing what is paused since couldn't be undone. */
  #set(name: string, revision: number, pauses: HealingPause[]): void {
    if (revision < (this.#heard.get(name) ?? 0)) return;
    this.#heard.set(name, revision);
    this.of(name).set(pauses);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#following;
  }
}
