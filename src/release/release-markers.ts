import type { ReadTx, StoredObject } from "../store/store.ts";
import type { ReleaseStatus } from "./release-status.ts";

/** A release as it stands on a chart. Times in Unix ms. */
export interface ReleaseMarker {
  app: string;
  number: number;
  phase: string;
  at: number;
  /** Absent: it is under way. */
  endedAt?: number;
}

/** As far as charts go back. */
const reachMs = 10 * 60_000;
const mostRead = 500;

/** Releases that were under way within the last ten minutes, oldest first. Only those of `apps`, only those that touch `cluster`. */
export async function markersOf(
  tx: ReadTx,
  { apps, cluster }: { apps?: ReadonlySet<string>; cluster?: string },
  now: number,
): Promise<ReleaseMarker[]> {
  const { items } = await tx.list("Release", {
    sort: "-updated",
    limit: mostRead,
    ...(cluster !== undefined && { cluster }),
  });
  const open = new Set((await tx.openReleases()).map(({ app, release }) => `${app}-r${release}`));
  return items
    .filter(({ name, updated }) => updated >= now - reachMs || open.has(name))
    .map((object) => markerOf(object, open.has(object.name)))
    .filter(({ app }) => apps === undefined || apps.has(app))
    .toSorted((a, b) => a.at - b.at);
}

function markerOf({ body, created, updated }: StoredObject, open: boolean): ReleaseMarker {
  const status = body.status as unknown as ReleaseStatus | undefined;
  const { app, number } = body.spec as { app: string; number: number };
  return {
    app,
    number,
    phase: status?.phase ?? "waiting",
    at: created,
    ...(!open && { endedAt: status?.finishedAt ?? updated }),
  };
}
