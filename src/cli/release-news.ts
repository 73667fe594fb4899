import { harmless } from "./fit-line.ts";
import { knot } from "./knot.ts";
import { marks, plain } from "./output.ts";
import { releaseLine } from "./release-tree.ts";
import { splitOutput } from "./release-wait.ts";
import { isGoingBack, releaseName, withoutCluster, type ReleaseView, type StepView } from "./release-view.ts";
import { comingWords, receiptWords, waitWords } from "./step-words.ts";

/** A wait shorter than this is none. */
const brieflyMs = 3000;

/** What was said of releases already: a log gets each piece of news once. */
export class ReleaseNews {
  readonly #said = new Set<string>();

  /** Lines for what is new since the last look. Times that run down, and counts that grow while a step holds, are no news. */
  of(view: ReleaseView): string[] {
    const lines: string[] = [];
    const name = releaseName(view);
    const say = (what: string, line: string) => {
      const key = `${name} ${what}`;
      if (this.#said.has(key)) return;
      this.#said.add(key);
      lines.push(line);
    };
    const { by, kind, message } = view.cause;
    say("accepted", `${name}: ${kind} by ${by}${message === undefined ? "" : `: ${harmless(message)}`}`);
    if (view.begunAt === undefined && view.endedAt === undefined)
      for (const { reason } of view.waits)
        say(`turn ${withoutNumbers(reason)}`, `${name}: ${marks.wait} ${harmless(reason)}`);
    const going = isGoingBack(view);
    if (going && view.reason !== undefined && view.endedAt === undefined) {
      const { text, output } = splitOutput(view.reason);
      say("back", `${name}: ${marks.bad} goes back: ${harmless(text)}${code(view)}`);
      this.#wrote(output, say);
    }
    if (view.phase === "paused") say("paused", `${name}: ${marks.wait} paused`);
    else this.#said.delete(`${name} paused`);
    for (const stage of view.stages) if (stage.wave === undefined) this.#step(`${name}:`, going, "", stage, view, say);
    for (const { clusters } of view.waves)
      for (const { cluster, steps, back } of clusters) {
        for (const step of steps) this.#step(`${name} ${cluster}:`, false, cluster, step, view, say);
        for (const step of back) this.#step(`${name} ${cluster}:`, true, cluster, step, view, say);
      }
    if (view.endedAt !== undefined) {
      if (view.reason !== undefined) this.#wrote(splitOutput(view.reason).output, say);
      say("ended", releaseLine(view, { now: view.at, paint: plain }));
    }
    return lines;
  }

  #step(
    prefix: string,
    back: boolean,
    cluster: string,
    step: StepView,
    view: ReleaseView,
    say: (key: string, line: string) => void,
  ): void {
    const key = `${prefix} ${back ? "back" : "on"} ${step.do} ${step.label}`;
    const { app, at } = view;
    const { state, label, wait, heldAt, receipt } = step;
    if (state === "done") {
      const known = this.#said.has(`${releaseName(view)} ${key} held`);
      const words = known
        ? receiptWords({ ...(step.verdict !== undefined && { verdict: step.verdict }) })
        : receiptWords(step);
      say(`${key} done`, `${prefix} ${knot("done", plain)} ${label}${words === "" ? "" : ` – ${words}`}`);
    }
    if (state !== "running") return;
    const shape = knot("running", plain);
    if (heldAt !== undefined && (step.holdMs ?? 0) > 0)
      say(`${key} held`, `${prefix} ${shape} ${comingWords(step)} – ${receipt ?? "acknowledged"}`);
    if (wait === undefined) return;
    const { text, output } = splitOutput(withoutCluster(wait.reason, cluster));
    this.#wrote(output, say);
    // Most waits are over in a moment; a log hears of those that aren't. While a step holds, its verdict is no news yet.
    if (at - (heldAt ?? step.writtenAt ?? 0) < brieflyMs || (wait.kind === "hold" && wait.then === "it is judged"))
      return;
    say(
      `${key} ${wait.kind} ${withoutNumbers(text)}`,
      `${prefix} ${shape} ${label} – ${waitWords(wait, step, app, at)}`,
    );
  }

  /** What the app itself wrote: once, however often its process ends. */
  #wrote(output: string | undefined, say: (key: string, line: string) => void): void {
    if (output === undefined) return;
    const lines = output
      .split("\n")
      .map(harmless)
      .filter((line) => line !== "");
    say("wrote", ["  it wrote:", ...lines.map((line) => `  | ${line}`)].join("\n"));
  }
}

function code({ code: known }: ReleaseView): string {
  return known === undefined ? "" : ` [${known}]`;
}

function withoutNumbers(text: string): string {
  return text.replace(/\d+(\.\d+)?/g, "#");
}
