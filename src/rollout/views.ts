import { judge, type AnalysisSpec, type Look, type Verdict } from "./verdict.ts";

/** One way to look at a change: a revision beside an old one, or requests beside those before the change. */
export interface View {
  kind: "workload" | "traffic";
  looks: readonly Look[];
}

/** From the worst to the best: one bad view is enough, and all must be good. */
const order: readonly Verdict["kind"][] = ["fail", "no-data", "undecided", "no-traffic", "pass"];

/** The worst verdict of all views. A view without traffic doesn't stand against one that passes. */
export function judgeAll(spec: AnalysisSpec, views: readonly View[]): Verdict {
  const verdicts = views.map(({ kind, looks }) => judge(spec, looks, kind));
  if (verdicts.length === 0) return judge(spec, [], "workload");
  const passed = verdicts.find(({ kind }) => kind === "pass");
  const rest = passed === undefined ? verdicts : verdicts.filter(({ kind }) => kind !== "no-traffic");
  return rest.toSorted((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind))[0]!;
}
