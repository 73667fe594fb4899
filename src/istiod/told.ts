import type { StepAnswer } from "./step-answer.ts";

/** What `release` waits for, in its form (`Acknowledgement`). */
export interface Told {
  done: boolean;
  /** Some proxy refused it, and will until it changes. */
  rejected?: boolean;
  evidence: string;
}

/**
 * What an answer means for a step that goes forward, or for one after which something goes (then nobody is excused).
 * `waitMs`: how long everything that was sent must have been acknowledged, and all of it known to istiod, where no proof can
 * be had that it was sent.
 */
export function told(answer: StepAnswer, mode: "advance" | "remove", waitMs: number): Told {
  const { concerned, lacking, unproven, away, moving, replicas, knownForMs } = answer;
  const short = new Set([...lacking.map(({ id }) => id), ...unproven]);
  const count = `${concerned - short.size} of ${concerned} proxies${replicas > 1 ? `, by ${replicas} istiods` : ""}`;
  const [worst] = lacking.toSorted((a, b) => order.indexOf(a.how) - order.indexOf(b.how));
  if (worst !== undefined)
    return { done: false, ...(worst.how === "rejects" && { rejected: true }), evidence: `${count}; ${lack(worst)}` };
  if (mode === "remove" && away.length > 0)
    return { done: false, evidence: `${count}; not connected, and perhaps still in use: ${names(away)}` };
  if (moving.length > 0) return { done: false, evidence: `${count}; not connected for a moment: ${names(moving)}` };
  const excused = away.length > 0 ? `; not connected and excused: ${names(away)}` : "";
  if (unproven.length === 0) return { done: true, evidence: `${count}${excused}` };
  const wait = `${waitMs / 1000}s`;
  const acked = `${names(unproven)} acknowledged all that was sent, but that this was among it is unproven`;
  if (knownForMs === undefined) return { done: false, evidence: `${count}; ${acked}` };
  return knownForMs >= waitMs
    ? { done: true, evidence: `${count}; ${acked}: waited ${wait} since istiod knew it${excused}` }
    : { done: false, evidence: `${count}; ${acked}: istiod knows it, it is given ${wait}` };
}

const order = ["rejects", "rejected", "perhaps", "lacks"];

function lack({ id, type, how, message }: StepAnswer["lacking"][number]): string {
  if (how === "rejects") return `${id} rejects ${type}: ${message}`;
  if (how === "lacks") return `${id} lacks ${type}`;
  return how === "rejected"
    ? `${id} has rejected ${type} since, and may do without a part of it`
    : `${id} has rejected ${type} at some time, perhaps this`;
}

function names(ids: readonly string[]): string {
  return `${ids.slice(0, 3).join(", ")}${ids.length > 3 ? ` and ${ids.length - 3} more` : ""}`;
}
