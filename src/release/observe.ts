import type { Acknowledgement, Observation } from "../rollout/gates.ts";
import { clustersOf, isRemoval } from "../rollout/gates.ts";
import { activeCells, type ActiveCell } from "../rollout/active-cells.ts";
import { fleetCell, type Before, type Plan } from "../rollout/plan.ts";
import type { ReleaseState } from "../rollout/state.ts";
import { judge, type Look, type Verdict } from "../rollout/verdict.ts";
import type { Remembered } from "./journal-state.ts";
import type { Store } from "../store/store.ts";
import type { Acknowledger } from "./acknowledge.ts";

/** Where looks at requests come from (the signals of the fleet). */
export interface EvidenceSource {
  looks(query: EvidenceQuery): readonly Look[];
  /** Asks for looks as often as `intervalMs` from now on. Returns how to stop. */
  watch(app: string, intervalMs: number): () => void;
}
export interface EvidenceQuery {
  app: string;
  /** Absent: everywhere. */
  cluster?: string;
  /** `workload`: a revision beside an old one. `traffic`: all requests to the app, beside those before the change. */
  kind: "workload" | "traffic";
  revision?: string;
  baseline?: string;
  /** Unix ms: since the step was acknowledged. */
  from: number;
  to: number;
  intervalMs: number;
  /** The time before the change. */
  before?: { from: number; to: number };
}

/** What a decision about a release needs to know. */
export async function observe(
  { plan, before }: { plan: Plan; before: Before },
  state: ReleaseState,
  newer: number | undefined,
  { store, acknowledger, evidence, now }: {
    store: Pick<Store, "seen">;
    acknowledger: Acknowledger;
    evidence: EvidenceSource;
    now: number;
  },
): Promise<Observation> {
  const seen = store.seen();
  const acknowledged = new Map<string, Acknowledgement>();
  const looks = new Map<string, readonly Look[]>();
  await Promise.all(
    activeCells(plan, before, state).map(async (active) => {
      const { name, step, cell } = active;
      if (cell.heldAt !== null) {
        const query = queryOf(plan, before, active, now);
        if (query !== undefined) looks.set(name, evidence.looks(query));
        return;
      }
      if (!cell.wrote) return;
      // Only where the rows are applied there is something to ask for.
      const clusters = clustersOf(name, plan);
      if (clusters.some((cluster) => (seen.get(cluster)?.applied ?? 0) < cell.revision)) return;
      const answers = await Promise.all(
        clusters.map(async (cluster): Promise<[string, Acknowledgement]> => [
          cluster,
          await acknowledger.ask(cluster, plan.app, cell.revision, isRemoval(step) ? "remove" : "advance"),
        ]),
      );
      acknowledged.set(name, name === fleetCell || answers.length > 1 ? together(answers) : answers[0]![1]);
    }),
  );
  return { seen, acknowledged, looks, ...(newer !== undefined && { newer }) };
}

/** What the steps that are held are judged by now, by cell: for people. */
export function currentVerdicts(
  { begun, state, ended }: Pick<Remembered, "begun" | "state" | "ended">,
  evidence: EvidenceSource,
  now: number,
): Map<string, Verdict> {
  const verdicts = new Map<string, Verdict>();
  if (begun === undefined || ended !== undefined) return verdicts;
  const { plan, before } = begun;
  for (const active of activeCells(plan, before, state)) {
    const query = active.cell.heldAt === null ? undefined : queryOf(plan, before, active, now);
    if (query !== undefined)
      verdicts.set(
        active.name,
        judge(plan.analysis, evidence.looks(query), query.kind === "workload" ? "workload" : "traffic"),
      );
  }
  return verdicts;
}

function together(answers: readonly [string, Acknowledgement][]): Acknowledgement {
  const lacking = answers.filter(([, { done }]) => !done);
  return {
    done: lacking.length === 0,
    ...(lacking.some(([, { rejected }]) => rejected === true) && { rejected: true }),
    evidence: (lacking.length > 0 ? lacking : answers)
      .map(([cluster, { evidence }]) => `${cluster}: ${evidence}`)
      .join("; "),
  };
}

function queryOf(plan: Plan, before: Before, { name, step, cell }: ActiveCell, now: number): EvidenceQuery | undefined {
  const was = before.lanes[name];
  const common = {
    app: plan.app,
    ...(name !== fleetCell && { cluster: name }),
    from: cell.heldAt!,
    to: now,
    intervalMs: plan.analysis.intervalMs,
  };
  if (step.do === "pause" || (step.do === "weight" && step.judged))
    return {
      ...common,
      kind: "workload",
      revision: plan.revision!,
      ...(was?.kind === "home" && was.good !== null && { baseline: was.good }),
    };
  if ((step.do === "traffic" || step.do === "open") && step.judged)
    return { ...common, kind: "traffic", before: { from: cell.at - Math.max(plan.watchMs, plan.analysis.intervalMs), to: cell.at } };
  return undefined;
}
