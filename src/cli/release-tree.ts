import { clusterInFull, clusterOnALine, knotLines, stateWords, type Drawing } from "./cluster-cord.ts";
import { columnsOf, fit, harmless, wrap } from "./fit-line.ts";
import { knot } from "./knot.ts";
import { count, marks } from "./output.ts";
import { splitOutput, span } from "./release-wait.ts";
import {
  isGoingBack,
  releaseName,
  type ClusterView,
  type ReleaseView,
  type StepView,
  type WaveView,
} from "./release-view.ts";

/** How much of each cluster: every knot of all, every knot of those at work, a line each, or a summary of each wave. */
const densities = ["all", "active", "lines", "folded"] as const;
export type Density = (typeof densities)[number];

export interface TreeOptions extends Omit<Drawing, "app"> {
  /** Lines that there are. Absent: as many as are good to read. */
  rows?: number;
  /** The most that is drawn. Default: `active`. */
  density?: Density;
}

/** More clusters than this aren't drawn one by one unless there is room. */
const many = 12;
/** Clusters of a folded wave that are drawn all the same: those at work. */
const named = 3;

/** A release as a quipu: the main cord, a cord for each cluster in its wave, knots for steps. Pure. */
export function releaseTree(view: ReleaseView, options: TreeOptions): string[] {
  const { rows, density = "active", columns } = options;
  const clusters = view.waves.reduce((sum, wave) => sum + wave.clusters.length, 0);
  const most = clusters > many && rows === undefined ? "folded" : density;
  const written = outputOf(view);
  let lines: string[] = [];
  for (const each of densities.slice(densities.indexOf(most))) {
    lines = [...drawn(view, each, options), ...written];
    if (rows === undefined || lines.length <= rows) break;
  }
  if (rows !== undefined && lines.length > rows)
    lines = [...lines.slice(0, Math.max(1, rows - 1)), `… ${count(lines.length - rows + 1, "more line")}`];
  return lines.map((line) => fit(line, columns));
}

function drawn(view: ReleaseView, density: Density, options: TreeOptions): string[] {
  const drawing: Drawing = { app: view.app, now: options.now, columns: options.columns, paint: options.paint };
  const { paint } = drawing;
  const main = paint("grey", "║");
  const lines = [releaseLine(view, options), ...causeLines(view, drawing).map((line) => `${main} ${line}`)];
  if (view.begunAt === undefined) return lines;
  const labels = Math.max(...view.stages.filter(({ wave }) => wave === undefined).map(({ label }) => columnsOf(label)));
  const stages = withWaves(view);
  stages.forEach((stage, index) => {
    const last = index === stages.length - 1;
    if ("clusters" in stage) lines.push(...waveLines(stage, last, density, drawing));
    else lines.push(...stageLines(stage, labels, last, drawing));
  });
  return lines;
}

/** Stages in their order, waves where they stand. On the way back: all waves as they were, then what else goes back. */
function withWaves(view: ReleaseView): (StepView | WaveView)[] {
  const rest = view.stages.filter(({ wave }) => wave === undefined);
  if (isGoingBack(view)) return [...view.waves, ...rest];
  return view.stages.map((stage) => (stage.wave === undefined ? stage : view.waves[stage.wave]!));
}

function stageLines(stage: StepView, labels: number, last: boolean, drawing: Drawing): string[] {
  const { columns, paint } = drawing;
  const [first = `${knot(stage.state, paint)} ${paint("grey", stage.label)}`, ...more] = knotLines(
    [{ ...stage, label: stage.label.padEnd(labels) }],
    { ...drawing, columns: columns - 2 },
  );
  return [first, ...more.map((line) => `${last ? " " : paint("grey", "║")}${line.slice(1)}`)];
}

function waveLines(wave: WaveView, last: boolean, density: Density, drawing: Drawing): string[] {
  const { columns, paint } = drawing;
  const main = last ? " " : paint("grey", "║");
  const head = `${paint("grey", last ? "╚═" : "╠═")} ${wave.name}`;
  const { clusters } = wave;
  if (clusters.length === 0) return [head];
  const inner = { ...drawing, columns: columns - 6 };
  const shown = density === "folded" && clusters.length > named ? worthNaming(clusters) : clusters;
  const width = Math.max(0, ...shown.map(({ cluster }) => columnsOf(cluster)));
  const lines = [`${head}  ${waveWords(wave, drawing)}`];
  shown.forEach((cluster, index) => {
    const end = index === shown.length - 1;
    const full = density === "all" || (density === "active" && ["running", "going back"].includes(cluster.state));
    const [first, ...below] = full ? clusterInFull(cluster, inner) : [clusterOnALine(cluster, width, inner)];
    lines.push(`${main}  ${paint("grey", end ? "└─" : "├─")} ${first}`);
    for (const line of below) lines.push(`${main}  ${end ? " " : paint("grey", "│")}  ${line}`);
  });
  return lines;
}

function worthNaming(clusters: readonly ClusterView[]): ClusterView[] {
  return clusters.filter(({ state }) => ["going back", "running", "kept"].includes(state)).slice(0, named);
}

/** How many clusters of a wave stand where; for one cluster its own line says it. */
function waveWords({ clusters, state, maxConcurrent }: WaveView, { paint }: Drawing): string {
  if (clusters.length === 1) return "";
  const order: ClusterView["state"][] = ["done", "running", "going back", "taken back", "kept", "waiting"];
  const counts = order.flatMap((each) => {
    const found = clusters.filter((one) => one.state === each).length;
    return found === 0 ? [] : [`${found} ${each === "waiting" ? paint("grey", "to come") : stateWords(each, paint)}`];
  });
  const atOnce = state === "running" && maxConcurrent < clusters.length ? `, ${maxConcurrent} at a time` : "";
  return `${count(clusters.length, "cluster")}${atOnce}: ${counts.join("   ")}`;
}

/** `✔ orders-r7 finished in 48 s: r7 in place of r3 (workload)`. */
export function releaseLine(view: ReleaseView, { now, paint }: Pick<TreeOptions, "now" | "paint">): string {
  const { phase, endedAt, acceptedAt, revision, from, parts, code } = view;
  const took = span((endedAt ?? now) - acceptedAt);
  const [mark, colour] = markOf(phase);
  const kept = view.waves.some(({ clusters }) => clusters.some(({ state }) => state === "kept"));
  const word =
    phase === "failed"
      ? `${code === "aborted" ? "aborted" : "failed"}, ${kept ? "stopped halfway" : "taken back"}`
      : phase;
  const what =
    revision !== null && revision !== from && parts.includes("workload")
      ? `${revision}${from === null ? ", the first" : ` in place of ${from}`}`
      : "";
  const listed = parts.length === 0 ? "" : `(${parts.join(", ")})`;
  const tail = [what, listed].filter((each) => each !== "").join(" ");
  return `${paint(colour, mark)} ${paint("bold", releaseName(view))} ${word} ${endedAt === undefined ? "for" : "after"} ${took}${tail === "" ? "" : `: ${tail}`}`;
}

function markOf(phase: string): [string, "green" | "red" | "yellow" | "grey"] {
  if (phase === "finished") return [marks.good, "green"];
  if (phase === "failed" || phase === "going back") return [marks.bad, "red"];
  return phase === "superseded" || phase === "stopped" ? [marks.none, "grey"] : [marks.wait, "yellow"];
}

/** Who and why, and what went wrong. */
function causeLines(view: ReleaseView, { columns, paint }: Drawing): string[] {
  const { cause, reason, code, phase } = view;
  const of = cause.release === undefined ? "" : ` to release ${cause.release}`;
  const lines = [
    `${cause.kind}${of} by ${cause.by}${cause.message === undefined ? "" : `: ${harmless(cause.message)}`}`,
  ];
  if (reason === undefined) {
    const wait = view.begunAt === undefined ? view.waits[0] : undefined;
    return wait === undefined ? lines : [...lines, paint("yellow", `${marks.wait} ${harmless(wait.reason)}`)];
  }
  const bad = phase === "failed" || phase === "going back";
  const words = `${harmless(splitOutput(reason).text)}${code === undefined ? "" : ` [${code}]`}`;
  for (const [index, line] of wrap(words, columns - 4).entries())
    lines.push(`${index === 0 ? (bad ? paint("red", marks.bad) : marks.none) : " "} ${line}`);
  return lines;
}

/** What the app itself wrote before it ended: once, below the tree. */
function outputOf({ reason, waits }: ReleaseView): string[] {
  const output = [reason, ...waits.map((wait) => wait.reason)]
    .flatMap((words) => (words === undefined ? [] : [splitOutput(words).output]))
    .find((words) => words !== undefined);
  if (output === undefined) return [];
  const lines = output
    .split("\n")
    .map(harmless)
    .filter((line) => line !== "");
  return ["it wrote:", ...lines.slice(-10).map((line) => `| ${line}`)];
}
