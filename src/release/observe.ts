import type { Acknowledgement, Observation } from "../rollout/gates.ts";
import { clustersOf, isRemoval, unapplied } from "../rollout/gates.ts";
import { activeCells, type ActiveCell } from "../rollout/position.ts";
import { fleetCell, type Before, type Plan } from "../rollout/plan.ts";
import type { ReleaseState } from "../rollout/state.ts";
import { judgeAll, type View } from "../rollout/views.ts";
import { add } from "../rollout/verdict-figures.ts";
import type { Look, Verdict } from "../rollout/verdict.ts";
import type { SignalsSource } from "../signals/signals-source.ts";
import type { Remembered } from "./journal-state.ts";
import type { Store } from "../store/store.ts";
import type { Acknowledger } from "./acknowledge.ts";
import { changedByHand } from "./changed-by-hand.ts";

/** Where looks at requests come from: the signals of the fleet. */
export type EvidenceSource = Pick<SignalsSource, "evidence" | "watch">;

/** What a decision about a release needs to know. */
export async function observe(
  { plan, before }: { plan: Plan; before: Before },
  state: ReleaseState,
  newer: number | undefined,
  {
    store,
    acknowledger,
    evidence,
    now,
    figuresSince,
  }: {
    store: Pick<Store, "seen">;
    acknowledger: Acknowledger;
    evidence: EvidenceSource;
    now: number;
    /** Figures are in memory: since the engine started, in Unix ms. */
    figuresSince: number;
  },
): Promise<Observation> {
  const seen = store.seen();
  const acknowledged = new Map<string, Acknowledgement>();
  const looks = new Map<string, readonly View[]>();
  await Promise.all(
    activeCells(plan, before, state).map(async (active) => {
      const { name, step, cell } = active;
      if (cell.heldAt !== null) {
        const views = viewsOf(plan, before, active, evidence, now, figuresSince);
        if (views.length > 0) looks.set(name, views);
        return;
      }
      if (!cell.wrote) return;
      // Only where the rows are applied there is something to ask for.
      const clusters = clustersOf(name, plan, before);
      if (clusters.some((cluster) => unapplied(cluster, plan, cell, seen) !== undefined)) return;
      const ask = async (cluster: string): Promise<Acknowledgement> => {
        if (!isRemoval(step)) return acknowledger.ask(cluster, plan.app, cell.revision, "advance");
        // Proxies that have what stands in the cluster have what somebody wrote there.
        const why = changedByHand(seen.get(cluster), plan.app);
        if (why !== undefined) return { done: false, evidence: why };
        return acknowledger.ask(cluster, plan.app, cell.revision, "remove");
      };
      const answers = await Promise.all(
        clusters.map(async (cluster): Promise<[string, Acknowledgement]> => [cluster, await ask(cluster)]),
      );
      acknowledged.set(name, name === fleetCell || answers.length > 1 ? together(answers) : answers[0]![1]);
    }),
  );
  return { seen, acknowledged, looks, figuresSince, ...(newer !== undefined && { newer }) };
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
    const views = active.cell.heldAt === null ? [] : viewsOf(plan, before, active, evidence, now);
    if (views.length > 0) verdicts.set(active.name, judgeAll(plan.analysis, views));
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

/** What is looked at while a step is held: none for a step that isn't judged. */
function viewsOf(
  plan: Plan,
  before: Before,
  { name, step, cell }: ActiveCell,
  evidence: EvidenceSource,
  now: number,
  figuresSince = 0,
): View[] {
  const { app, revision } = plan;
  const { intervalMs } = plan.analysis;
  const past = { from: cell.at - Math.max(plan.watchMs, intervalMs), to: cell.at };
  const since = {
    app,
    from: Math.max(cell.heldAt!, figuresSince),
    to: now,
    intervalMs,
    before: past,
    revision: null,
    baseline: null,
  };
  const was = before.lanes[name];
  if (step.do === "pause" || (step.do === "weight" && step.judged)) {
    const baseline = was?.kind === "home" ? was.good : null;
    return [
      { kind: "workload", looks: evidence.evidence({ ...since, cluster: name, kind: "workload", revision, baseline }) },
    ];
  }
  const edges = Object.keys(plan.roster?.edges ?? {}).map((callee) => ({ caller: app, callee }));
  const traffic = (cluster: string) => evidence.evidence({ ...since, cluster, kind: "traffic" });
  const calls = (cluster: string) => evidence.evidence({ ...since, cluster, kind: "edges", edges });
  if (step.do === "traffic" && step.judged && was?.kind === "home") {
    const target = plan.lanes[name]!;
    return [
      // Without a call left to look at, what is asked of the app itself must do.
      ...(was.traffic === target.traffic && edges.length > 0
        ? []
        : [{ kind: "traffic" as const, looks: traffic(name) }]),
      ...(was.calls === target.calls || edges.length === 0 ? [] : [{ kind: "traffic" as const, looks: calls(name) }]),
    ];
  }
  if (step.do !== "open" || !step.judged) return [];
  const clusters = Object.keys(plan.lanes);
  return [
    { kind: "traffic", looks: summed(clusters.map(traffic)) },
    ...(edges.length === 0 ? [] : [{ kind: "traffic" as const, looks: summed(clusters.map(calls)) }]),
  ];
}

/** Looks of several clusters over the same windows as one; as many as all of them have. */
function summed(lists: readonly (readonly Look[])[]): Look[] {
  const [first = [], ...rest] = lists;
  const complete = Math.min(...lists.map((list) => list.length));
  return first.slice(0, complete).map((look, index) =>
    rest.reduce((sum, list) => {
      const other = list[index]!;
      return {
        ...sum,
        subject: add(sum.subject, other.subject),
        baseline:
          sum.baseline === null
            ? other.baseline
            : other.baseline === null
              ? sum.baseline
              : add(sum.baseline, other.baseline),
        heard: sum.heard + other.heard,
        total: sum.total + other.total,
      };
    }, look),
  );
}
