import type { ClusterView, ReleaseView, StepView, WaveView } from "../../../src/release/release-view.ts";
import { clock, count, list } from "../../ui/format.ts";
import type { Health, Told } from "../../ui/health.ts";

/** The drawing in words, for those who listen and for tooltips. Pure. */

const stepWords: Record<StepView["state"], string> = {
  waiting: "not yet",
  running: "under way",
  done: "done",
  undone: "taken back",
};

export function stepSentence(step: StepView): string {
  const parts = [`${step.label}: ${stepWords[step.state]}`];
  if (step.receipt !== undefined && step.receipt !== "") parts.push(step.receipt);
  if (step.verdict !== undefined) parts.push(step.verdict.reason);
  if (step.wait !== undefined) parts.push(`waits: ${step.wait.reason}`);
  return parts.join("; ");
}

/** From written to acknowledged. */
export function tookOf({ writtenAt, heldAt }: StepView): string {
  return writtenAt === undefined || heldAt === undefined ? "" : tookWords(heldAt - writtenAt);
}

function tookWords(ms: number): string {
  if (ms < 1000) return `${ms} ms`;
  return ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : clock(ms);
}

const clusterHealth: Record<ClusterView["state"], Health> = {
  waiting: "unknown",
  running: "wait",
  done: "good",
  kept: "good",
  "going back": "bad",
  "taken back": "bad",
};

export function toldOf(state: ClusterView["state"]): Told {
  return { health: clusterHealth[state], word: state };
}

/** `2 of 5 clusters done`, with what else there is to say. */
export function waveSentence({ clusters, maxConcurrent }: WaveView): string {
  const of = (...states: ClusterView["state"][]) => clusters.filter(({ state }) => states.includes(state)).length;
  const done = of("done", "kept");
  const more = [
    [of("running"), "under way"],
    [of("going back"), "going back"],
    [of("taken back"), "taken back"],
  ] as const;
  const rest = more.flatMap(([number, word]) => (number > 0 ? [`${number} ${word}`] : []));
  const together = clusters.length > 1 && maxConcurrent < clusters.length ? [`${maxConcurrent} at a time`] : [];
  return [`${done} of ${count(clusters.length, "cluster")} done`, ...rest, ...together].join(" · ");
}

export function releaseSentence({ app, number, phase, waves, reason }: ReleaseView): string {
  const told = waves.map((wave) => `${wave.name}: ${waveSentence(wave)}`);
  return `Release ${number} of ${app} is ${phase}${reason === undefined ? "" : ` (${reason})`}. ${list(told)}`;
}
