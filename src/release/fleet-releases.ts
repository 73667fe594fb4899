import type { ReadTx, Store, StoredObject } from "../store/store.ts";
import type { ReleaseStatus } from "./release-status.ts";
import { summaryOf, type ReleaseSummary } from "./release-summary.ts";
import { releaseView } from "./release-view.ts";
import { rowsFor } from "./write-rows.ts";

export interface FleetFilter {
  team?: string;
  segment?: string;
  /** Part of the app's name. */
  q?: string;
}
/** A release in a list; what stands in its row is read only when it is on the page. */
export interface FleetEntry {
  key: string;
  /** It goes on only when somebody says so. */
  person: boolean;
  summary(): Promise<ReleaseSummary>;
}

/** Failed ones are looked for this far back, among so many. */
const failedMs = 24 * 3_600_000;
const mostRead = 2_000;

/** What is under way, by app: an order in which nothing jumps. */
export async function runningReleases(
  tx: ReadTx,
  store: Pick<Store, "inForce" | "seen">,
  filter: FleetFilter,
  now: number,
): Promise<FleetEntry[]> {
  const entries: FleetEntry[] = [];
  const { rosters } = store.inForce();
  for (const { app, release } of await tx.openReleases()) {
    if (filter.q !== undefined && !app.includes(filter.q.toLowerCase())) continue;
    const owner = rosters.get(app)?.value ?? ((await tx.get("App", app))?.body.spec as Owner | undefined) ?? nobody;
    if (!matches(owner, filter)) continue;
    const object = await tx.get("Release", `${app}-r${release}`);
    if (object === undefined) continue;
    const status = object.body.status as unknown as ReleaseStatus | undefined;
    entries.push({
      key: `${app}/${release}`,
      person: status?.phase === "paused" || (status?.waits ?? []).some(({ kind }) => kind === "person"),
      summary: () => summarize(tx, object, owner, now, store),
    });
  }
  return entries.toSorted((a, b) => a.key.localeCompare(b.key, "en", { numeric: true }));
}

/** What was taken back in the last day, newest first. */
export async function failedLately(tx: ReadTx, filter: FleetFilter, now: number): Promise<FleetEntry[]> {
  const entries: FleetEntry[] = [];
  let after: string | undefined;
  for (let read = 0; read < mostRead;) {
    const page = await tx.list("Release", {
      sort: "-updated",
      limit: 500,
      ...filter,
      ...(after !== undefined && { continue: after }),
    });
    for (const object of page.items) {
      if (object.updated < now - failedMs) return entries;
      if ((object.body.status as unknown as ReleaseStatus | undefined)?.phase !== "failed") continue;
      entries.push({
        key: object.name,
        person: false,
        summary: async () =>
          summarize(
            tx,
            object,
            ((await tx.get("App", String(object.body.spec.app)))?.body.spec as Owner | undefined) ?? nobody,
            now,
          ),
      });
    }
    read += page.items.length;
    after = page.continue;
    if (after === undefined) break;
  }
  return entries;
}

type Owner = { team: string; segment: string };
const nobody: Owner = { team: "", segment: "" };

function matches(owner: Owner, { team, segment }: FleetFilter): boolean {
  return (team === undefined || owner.team === team) && (segment === undefined || owner.segment === segment);
}

async function summarize(
  tx: ReadTx,
  { body }: StoredObject,
  owner: Owner,
  now: number,
  store?: Pick<Store, "inForce" | "seen">,
): Promise<ReleaseSummary> {
  const { app, number } = body.spec as { app: string; number: number };
  const status = body.status as unknown as ReleaseStatus | undefined;
  const view = releaseView(app, number, {
    journal: await tx.journal(app, number),
    lanes: store === undefined ? new Map() : rowsFor(app, store.inForce()).lanes,
    seen: store?.seen() ?? new Map(),
    waits: status?.waits ?? [],
    phase: status?.phase ?? "waiting",
    now,
  });
  if (view === undefined) throw new RangeError(`Release/${app}-r${number} has no journal`);
  return summaryOf(view, owner);
}
