import { columnsOf, harmless, padTo, wrap } from "./fit-line.ts";
import { cord, knot } from "./knot.ts";
import { marks, type Paint } from "./output.ts";
import { splitOutput } from "./release-wait.ts";
import type { ClusterView, RevisionView, StepView } from "./release-view.ts";
import { comingWords, receiptWords, waitWords } from "./step-words.ts";

export interface Drawing {
  app: string;
  /** The server's time, Unix ms. */
  now: number;
  columns: number;
  paint: Paint;
}

/** Knots of one cord, each with what ties it or what it waits for; those that are still to come share a line. */
export function knotLines(steps: readonly StepView[], drawing: Drawing): string[] {
  const { app, now, columns, paint } = drawing;
  const shown = steps.filter(({ state }) => state === "done" || state === "running");
  // Of all steps, so that nothing moves when the next one comes.
  const width = Math.max(0, ...steps.map(({ label }) => columnsOf(label)));
  return shown.flatMap((step) => {
    const { state, label, wait, heldAt } = step;
    const name = `${knot(state, paint)} ${padTo(label, width)}`;
    if (state === "done") return [`${name}  ${paint("grey", receiptWords(step))}`.trimEnd()];
    const words = wait === undefined ? undefined : waitWords(wait, step, app, now);
    const indent = " ".repeat(width + 4);
    const waiting = (words === undefined ? [] : wrap(`${marks.wait} ${words}`, Math.max(20, columns - width - 4))).map(
      (line) => paint("yellow", line),
    );
    if (heldAt !== undefined)
      return [`${name}  ${paint("grey", step.receipt ?? "")}`.trimEnd(), ...waiting.map((line) => `${indent}${line}`)];
    return waiting.length === 0 ? [name] : waiting.map((line, index) => `${index === 0 ? `${name}  ` : indent}${line}`);
  });
}

/** Of steps that share a line: those to come, or those that were taken back. */
function together(steps: readonly StepView[], state: "waiting" | "undone", { columns, paint }: Drawing): string[] {
  const words = steps
    .filter((step) => step.state === state)
    .map((step) => (state === "waiting" ? comingWords(step) : step.label));
  if (words.length === 0) return [];
  const separator = "   ";
  const lines: string[] = [];
  let used = 0;
  for (const word of words) {
    const drawn = `${knot(state, paint)} ${state === "waiting" ? paint("grey", word) : word}`;
    const more = columnsOf(drawn) + separator.length;
    if (lines.length > 0 && used + more <= columns) lines[lines.length - 1] += separator + drawn;
    else {
      lines.push(drawn);
      used = 0;
    }
    used += more;
  }
  return lines;
}

/** A cluster as a cord with all its knots: the first line is its name and revisions, the others hang below. */
export function clusterInFull(view: ClusterView, drawing: Drawing): string[] {
  const { paint } = drawing;
  const { cluster, state, steps, back, revisions } = view;
  const word = state === "running" ? "" : `  ${stateWords(state, paint)}`;
  const onward = state !== "going back" && state !== "taken back";
  return [
    `${paint("bold", cluster)}${word}${revisions.length === 0 ? "" : `  ${revisions.map(revisionWords).join(" · ")}`}`,
    ...troubles(revisions, drawing),
    ...knotLines(steps, drawing),
    ...together(steps, "undone", drawing),
    ...(onward ? together(steps, "waiting", drawing) : []),
    ...knotLines(back, drawing),
    ...together(back, "waiting", drawing),
  ];
}

/** A cluster on one line. `width`: columns for its name. */
export function clusterOnALine(view: ClusterView, width: number, drawing: Drawing): string {
  const { app, now, paint } = drawing;
  const { cluster, state, steps, back } = view;
  const onward = state !== "going back" && state !== "taken back";
  const knots = `${cord(steps, onward, paint)}${back.length === 0 ? "" : ` ◄ ${cord(back, true, paint)}`}`;
  const current = [...back, ...steps].find((step) => step.state === "running");
  const waits = current?.wait === undefined ? "" : ` ${marks.wait} ${waitWords(current.wait, current, app, now)}`;
  const words =
    current === undefined || state === "done" || state === "taken back"
      ? stateWords(state, paint)
      : `${current.label}${paint("yellow", waits)}`;
  return `${padTo(cluster, width)}  ${knots}  ${words}`;
}

export function stateWords(state: ClusterView["state"], paint: Paint): string {
  switch (state) {
    case "done":
      return `${paint("green", marks.good)} done`;
    case "kept":
      return `${paint("red", marks.bad)} stays as it is`;
    case "taken back":
      return `${paint("red", marks.bad)} taken back`;
    case "going back":
      return `${paint("red", marks.wait)} going back`;
    case "waiting":
      return paint("grey", "waits for its turn");
    case "running":
      return `${paint("yellow", marks.wait)} running`;
  }
}

/** `r2 10 % (got 9.4 %), 1/1 pods`. */
function revisionWords({ revision, weight, ready, total, actual }: RevisionView): string {
  const got = actual === undefined || weight === 0 || weight === 100 ? "" : ` (got ${Number(actual.toPrecision(2))} %)`;
  return `${revision} ${weight} %${got}, ${ready}/${total} pods`;
}

/** What is wrong with pods, unless the wait tells it already. */
function troubles(revisions: readonly RevisionView[], { paint }: Drawing): string[] {
  return revisions
    .filter(({ role, ready, total, reason }) => reason !== undefined && role !== "new" && ready < total)
    .map(({ revision, reason }) => `${paint("red", marks.bad)} ${revision}: ${harmless(splitOutput(reason!).text)}`);
}
