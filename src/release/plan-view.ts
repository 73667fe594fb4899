import type { App } from "../model/app.ts";
import type { Problem } from "../model/problem.ts";
import type { ReleasePart } from "../model/release.ts";
import type { Seen } from "../model/rows.ts";
import type { RenderOptions } from "../render/render.ts";
import { estimate, laneEstimate } from "../rollout/estimate.ts";
import { laneProgram, stagesOf, type LaneStep } from "../rollout/program.ts";
import type { InForce } from "../store/in-force.ts";
import type { ReadTx } from "../store/store.ts";
import { imageOf } from "./accept.ts";
import { beforeOf } from "./actions.ts";
import { objectChanges, type ObjectChange } from "./object-changes.ts";
import { rejectedParts, rejections, withoutRejected, type Rejection } from "./rejected.ts";
import { afterRelease, renderApp } from "./render-app.ts";
import { resolveApp } from "./resolve-app.ts";
import { labelOf } from "./step-label.ts";
import { appWarnings } from "./warnings.ts";
import { worldFor } from "./world.ts";
import { rowsFor } from "./write-rows.ts";

export interface PlannedStep {
  do: LaneStep["do"];
  label: string;
  weight?: number;
  holdMs?: number;
  /** Pods of the revision that must be ready. */
  pods?: number;
}

/** What a release would do, before it is accepted. Times in ms, beside what pods and proxies need. */
export interface PlanView {
  app: string;
  number: number;
  /** Empty: nothing would be released. */
  parts: ReleasePart[];
  revision: string | null;
  image: string | null;
  /** Parts that are declared and would not be released, for they were taken back before. */
  kept: Rejection[];
  stages: string[];
  waves: {
    name: string;
    maxConcurrent: number;
    clusters: { cluster: string; steps: PlannedStep[]; ms: number; objects: ObjectChange[] }[];
  }[];
  total: { ms: number; person: boolean };
}

/** Reads; writes nothing. `after`: what would be in force, and what is, for those that compare behaviour. */
export async function planApp(
  tx: ReadTx,
  app: App,
  {
    image: given,
    view,
    seen,
    ...options
  }: { image?: string; view: InForce; seen: ReadonlyMap<string, Seen> } & RenderOptions,
): Promise<{ plan: PlanView; problems: Problem[]; warnings: Problem[]; after: InForce }> {
  const { name } = app.metadata;
  const world = await worldFor(tx, app);
  const image = given ?? (await imageOf(tx, view, name));
  const number = (await tx.lastRelease(name)) + 1;
  const declared = resolveApp(app, image, world, view, number);
  const kept = rejectedParts(declared, await rejections(tx, name));
  const resolved = withoutRejected(declared, kept, view);
  const { plan, parts } = resolved;
  const rows = rowsFor(name, view);
  const before = beforeOf(plan, rows, seen);
  const { view: after } = afterRelease(resolved, view);
  const objects = (of: InForce) => new Map(renderApp(name, of, options).map((each) => [each.cluster, each.objects]));
  const [now, then] = [objects(view), objects(after)];
  return {
    problems: resolved.problems,
    warnings: await appWarnings(app, world, tx),
    after,
    plan: {
      app: name,
      number,
      parts,
      revision: plan.revision,
      image: image ?? null,
      kept,
      stages: stagesOf(plan, before).map(labelOf),
      waves: plan.waves.map(({ name: called, clusters, maxConcurrent }, index) => ({
        name: called ?? `wave ${index + 1}`,
        maxConcurrent,
        clusters: clusters.map((cluster) => {
          const program = laneProgram(plan, before, cluster);
          return {
            cluster,
            steps: program.map(planned),
            ms: laneEstimate(program, plan.drainMs).ms,
            objects: objectChanges(now.get(cluster) ?? [], then.get(cluster) ?? []),
          };
        }),
      })),
      total: estimate(plan, before),
    },
  };
}

function planned(step: LaneStep): PlannedStep {
  return {
    do: step.do,
    label: labelOf(step),
    ...("weight" in step && { weight: step.weight }),
    ...("holdMs" in step && step.judged && { holdMs: step.holdMs }),
    ...("floor" in step && { pods: step.floor }),
  };
}
