import type { Operations } from "../../generated/api.ts";
import type { EdgeView, Rule } from "../../api/views.ts";

export type EdgeFigures = Operations["appSignals"]["answer"]["callers"][number];

/** A caller or a callee: what was declared, and what was seen. */
export interface EdgeRow {
  app: string;
  kind: "app" | "gateway" | "outside";
  /** Null: seen, not declared (a gateway), or outside. */
  segment: string | null;
  /** How far the call has come: `open`, or what it waits for. */
  stage: string;
  rules: Rule[];
  /** Null: not heard of. */
  figures: EdgeFigures | null;
}

/** Declared calls with their figures, the busiest first; then what is only seen. Pure. */
export function edgeRows(declared: readonly EdgeView[], seen: readonly EdgeFigures[]): EdgeRow[] {
  const figures = new Map(seen.map((edge) => [edge.app, edge]));
  const rows = declared.map<EdgeRow>(({ app, segment, stage, rules }) => ({
    app,
    kind: "app",
    segment,
    stage,
    rules,
    figures: figures.get(app) ?? null,
  }));
  const known = new Set(declared.map(({ app }) => app));
  const others = seen
    .filter(({ app }) => !known.has(app))
    .map<EdgeRow>((edge) => ({
      app: edge.app,
      kind: edge.gateway ? "gateway" : edge.outside ? "outside" : "app",
      segment: null,
      stage: "open",
      rules: [],
      figures: edge,
    }));
  return [...rows, ...others].sort(
    (a, b) => (b.figures?.rate ?? -1) - (a.figures?.rate ?? -1) || (a.app < b.app ? -1 : 1),
  );
}

const stages: Readonly<Record<string, string>> = {
  wanted: "waits for the callee or its consent",
  admitted: "being opened",
  closing: "being closed",
  gone: "closed",
};

/** Why a call isn't open; undefined: it is. */
export function stageInWords(stage: string): string | undefined {
  return stage === "open" ? undefined : (stages[stage] ?? stage);
}
