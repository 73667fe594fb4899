import type { App } from "../model/app.ts";
import type { Problem } from "../model/problem.ts";
import { objectKeys } from "../render/keys.ts";
import { render, type Rendered, type RenderOptions } from "../render/render.ts";
import { laneProgram, stagesOf } from "../rollout/program.ts";
import { touchedBy } from "../rollout/roster-rows.ts";
import { laneWrites, stageWrites } from "../rollout/step-rows.ts";
import type { RowWrites } from "../rollout/plan.ts";
import { beforeOf } from "./actions.ts";
import { withChanges, type InForce, type RowChange } from "../store/in-force.ts";
import { resolveApp, type ResolvedApp } from "./resolve-app.ts";
import type { World } from "./world.ts";
import { rowsFor } from "./write-rows.ts";

export interface RenderedIn {
  cluster: string;
  objects: Rendered["object"][];
}

/** The objects of each cluster that belong to the app, from the rows of a view alone. */
export function renderApp(app: string, view: InForce, options: RenderOptions): RenderedIn[] {
  return [...view.lanes]
    .flatMap(([cluster, apps]) => {
      if (!apps.has(app)) return [];
      const roster = view.rosters.get(app)?.value;
      const hosts = new Set(roster?.hosts.map(({ host }) => host));
      const objects = objectKeys(cluster, view).flatMap((key) => {
        const object = render(cluster, key, view, options)?.object;
        if (object === undefined) return [];
        const owned =
          object.metadata.labels?.app === app ||
          hosts.has(object.metadata.name) ||
          (object.metadata.namespace === roster?.segment &&
            roster?.outside.some(({ host }) => host === object.metadata.name));
        return owned ? [object] : [];
      });
      return [{ cluster, objects }];
    })
    .toSorted((a, b) => (a.cluster < b.cluster ? -1 : 1));
}

/** What would be in force once an App had been released, as of a view. Writes nothing. */
export function viewAfter(
  app: App,
  image: string | undefined,
  world: World,
  view: InForce,
  number: number,
): { view: InForce; problems: Problem[] } {
  return afterRelease(resolveApp(app, image, world, view, number), view);
}

/** What would be in force once a resolved App had been released. Pure. */
export function afterRelease(
  { plan, snapshots, problems }: Pick<ResolvedApp, "plan" | "snapshots" | "problems">,
  view: InForce,
): { view: InForce; problems: Problem[] } {
  const next = view.revision + 1;
  let after = withChanges(
    view,
    next,
    snapshots.map(({ hash, content }): RowChange => ({ kind: "Snapshot", hash, value: content })),
  );
  const rows = () => rowsFor(plan.app, after);
  const before = beforeOf(plan, rows(), new Map());
  const touched = touchedBy(plan, rows());
  const write = (writes: RowWrites) => {
    after = withChanges(after, next, [
      ...writes.rosters.map((value): RowChange => ({ kind: "Roster", app: value.app, value })),
      ...writes.lanes.map((value): RowChange => ({ kind: "Lane", app: value.app, cluster: value.cluster, value })),
      ...writes.bases.map((value): RowChange => ({
        kind: "Base",
        segment: value.segment,
        cluster: value.cluster,
        value,
      })),
      ...writes.deleteLanes.map((cluster): RowChange => ({ kind: "Lane", app: plan.app, cluster, value: null })),
    ]);
  };
  for (const stage of stagesOf(plan, before)) {
    if (stage.do !== "wave") {
      write(stageWrites(stage, plan, before, touched, rows()));
      continue;
    }
    for (const cluster of plan.waves[stage.wave]!.clusters)
      for (const step of laneProgram(plan, before, cluster)) write(laneWrites(step, plan, before, cluster, rows()));
  }
  return { view: after, problems };
}
