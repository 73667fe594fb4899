import { columnsOf, harmless, padTo } from "./fit-line.ts";
import { knot } from "./knot.ts";
import { count, marks, type Paint } from "./output.ts";
import { span } from "./release-wait.ts";

/** What the CLI reads of `POST /api/v1/apps/NAME/plan`. Times in ms. */
export interface PlanView {
  app: string;
  number: number;
  parts: readonly string[];
  revision: string | null;
  image: string | null;
  kept: readonly { part: string; release: number; why: string }[];
  stages: readonly string[];
  waves: readonly PlannedWave[];
  total: { ms: number; person: boolean };
  /** Requests that would end otherwise, by cluster. Absent: the meshes weren't asked. */
  behaviour?: readonly {
    cluster: string;
    differences: readonly {
      caller: string;
      callee: string;
      request: string;
      before: string;
      after: string;
      kind: string;
    }[];
    unknown: readonly string[];
  }[];
}
export interface PlannedWave {
  name: string;
  maxConcurrent: number;
  clusters: readonly PlannedCluster[];
}
export interface PlannedCluster {
  cluster: string;
  steps: readonly { label: string; holdMs?: number; pods?: number }[];
  ms: number;
  objects: readonly PlannedObject[];
}
export interface PlannedObject {
  kind: string;
  name: string;
  namespace?: string;
  change: "create" | "change" | "delete";
  fields: readonly { path: string; from?: unknown; to?: unknown }[];
}

/** A plan as a quipu with loose knots. Clusters with the same way share a cord. `fields`: every field that changes. Pure. */
export function planLines(plan: PlanView, paint: Paint, fields = false): string[] {
  const { app, number, parts, revision, kept, waves, stages, total } = plan;
  if (parts.length === 0)
    return [`${paint("green", marks.good)} ${app}: nothing would be released`, ...keptLines(kept, paint)];
  const time = `${total.ms === 0 ? "no holds" : `at least ${span(total.ms)} of holds and drains`}${total.person ? ", and somebody to promote it" : ""}`;
  const brings = parts.includes("workload") && revision !== null ? `, revision ${revision}` : "";
  const main = paint("grey", "║");
  const lines = [
    `${knot("waiting", paint)} ${paint("bold", `${app}-r${number}`)} would release ${parts.join(", ")}${brings}`,
    `${main} ${time}, beside what pods and proxies need`,
    ...keptLines(kept, paint).map((line) => `${main} ${line}`),
  ];
  let wave = 0;
  for (const stage of stages) {
    // Stages that are waves stand in their order.
    const planned = /^wave \d+$/.test(stage) ? waves[wave++] : undefined;
    if (planned === undefined) lines.push(`${knot("waiting", paint)} ${stage}`);
    else lines.push(...waveLines(planned, paint, fields));
  }
  return [...lines, ...behaviourLines(plan.behaviour ?? [], paint)];
}

/** What would change for callers, each change once with the clusters that it happens in. */
function behaviourLines(behaviour: NonNullable<PlanView["behaviour"]>, paint: Paint): string[] {
  const found = new Map<string, { lines: string[]; clusters: string[] }>();
  for (const { cluster, differences, unknown } of behaviour) {
    const told = [
      ...differences.map(({ caller, callee, request, before, after, kind }) => [
        `${paint(kind === "allowed→denied" ? "red" : "yellow", marks.wait)} ${caller} → ${callee}  ${harmless(request)}  ${paint("grey", kind)}`,
        paint("red", `    - ${harmless(before)}`),
        paint("green", `    + ${harmless(after)}`),
      ]),
      ...unknown.map((what) => [paint("grey", `? ${harmless(what)}`)]),
    ];
    for (const lines of told) {
      const key = lines.join("\n");
      const known = found.get(key);
      if (known === undefined) found.set(key, { lines, clusters: [cluster] });
      else known.clusters.push(cluster);
    }
  }
  if (behaviour.length === 0) return [];
  if (found.size === 0) return ["no declared request would end otherwise"];
  return [
    "requests that would end otherwise:",
    ...[...found.values()].flatMap(({ lines: [first = "", ...rest], clusters }) => [
      `${first}${clusters.length < behaviour.length ? paint("grey", `  (${clusters.join(", ")})`) : ""}`,
      ...rest,
    ]),
  ];
}

function keptLines(kept: PlanView["kept"], paint: Paint): string[] {
  return kept.map(
    ({ part, release, why }) =>
      `${paint("yellow", marks.wait)} ${part} stays as it is: release ${release} was taken back with it (${harmless(why)})`,
  );
}

function waveLines({ name, maxConcurrent, clusters }: PlannedWave, paint: Paint, fields: boolean): string[] {
  const main = paint("grey", "║");
  const atOnce = maxConcurrent < clusters.length ? `, ${maxConcurrent} at a time` : "";
  const lines = [`${paint("grey", "╠═")} ${name}  ${count(clusters.length, "cluster")}${atOnce}`];
  const groups = sameWay(clusters);
  groups.forEach(({ names, one }, index) => {
    const last = index === groups.length - 1;
    const pad = `${main}  ${last ? " " : paint("grey", "│")}  `;
    lines.push(
      `${main}  ${paint("grey", last ? "└─" : "├─")} ${paint("bold", names.slice(0, 6).join(", "))}${names.length > 6 ? ` and ${names.length - 6} more` : ""}`,
    );
    for (const step of one.steps) lines.push(`${pad}${knot("waiting", paint)} ${stepWords(step)}`);
    if (one.steps.length === 0) lines.push(`${pad}${paint("grey", "nothing to do")}`);
    const width = Math.max(0, ...one.objects.map(({ kind }) => columnsOf(kind)));
    for (const object of one.objects)
      lines.push(...objectLines(object, width, paint, fields).map((line) => pad + line));
  });
  return lines;
}

/** Clusters whose steps and objects are the same, but for their own name. */
function sameWay(clusters: readonly PlannedCluster[]): { names: string[]; one: PlannedCluster }[] {
  const groups = new Map<string, { names: string[]; one: PlannedCluster }>();
  for (const one of clusters) {
    const key = JSON.stringify([one.steps, one.objects]);
    const known = groups.get(key);
    if (known === undefined) groups.set(key, { names: [one.cluster], one });
    else known.names.push(one.cluster);
  }
  return [...groups.values()];
}

function stepWords({ label, holdMs, pods }: PlannedCluster["steps"][number]): string {
  const hold = holdMs === undefined || holdMs === 0 ? "" : ` for ${span(holdMs)}`;
  return `${label}${hold}${pods === undefined ? "" : `: ${count(pods, "pod")}`}`;
}

const signs = { create: ["+", "green"], change: ["~", "yellow"], delete: ["-", "red"] } as const;

function objectLines(
  { kind, name, change, fields }: PlannedObject,
  width: number,
  paint: Paint,
  all: boolean,
): string[] {
  const [sign, colour] = signs[change];
  const what = change === "change" && !all ? `  ${paint("grey", count(fields.length, "field"))}` : "";
  const lines = [`${paint(colour, sign)} ${padTo(kind, width)}  ${name}${what}`];
  if (!all) return lines;
  for (const { path, from, to } of fields) {
    if (from !== undefined) lines.push(paint("red", `    - ${path}: ${harmless(JSON.stringify(from))}`));
    if (to !== undefined) lines.push(paint("green", `    + ${path}: ${harmless(JSON.stringify(to))}`));
  }
  return lines;
}
