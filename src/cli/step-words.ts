import { harmless } from "./fit-line.ts";
import { splitOutput, span } from "./release-wait.ts";
import { withoutCluster, type StepView, type WaitView } from "./release-view.ts";

/** What is waited for, until when, and what happens then. Pure; times in Unix ms. */
export function waitWords(wait: WaitView, step: Pick<StepView, "heldAt" | "holdMs">, app: string, now: number): string {
  const reason = harmless(splitOutput(withoutCluster(wait.reason, wait.cell)).text);
  const left = span(wait.until - now);
  switch (wait.kind) {
    case "hold": {
      const end = (step.heldAt ?? now) + (step.holdMs ?? 0);
      if (now < end) return `holds ${span(end - now)} more: ${within(reason)}`;
      return wait.then === "it is judged"
        ? `is judged: ${within(reason)}`
        : `no verdict yet: ${within(reason)} (${wait.then})`;
    }
    case "person":
      return `${reason}: quipu ${reason.includes("paused by its steps") ? "promote" : "resume"} ${app} (deadline in ${left}: then ${wait.then})`;
    case "drain":
      return `${reason} (${left} more)`;
    default:
      return `${reason} (deadline in ${left}: then ${wait.then})`;
  }
}

/** Who has it, and how it was judged: what ties a knot. */
export function receiptWords({ receipt, verdict }: Pick<StepView, "receipt" | "verdict">): string {
  const judged =
    verdict === undefined
      ? ""
      : verdict.kind === "pass"
        ? within(harmless(verdict.reason))
        : `without a verdict: ${within(harmless(verdict.reason))}`;
  return [receipt ?? "", judged].filter((words) => words !== "").join(" · ");
}

/** `50 % for 10 s`: a step that is still to come. */
export function comingWords({ label, holdMs }: Pick<StepView, "label" | "holdMs">): string {
  return holdMs === undefined || holdMs === 0 ? label : `${label} for ${span(holdMs)}`;
}

/** A sentence as part of another. */
function within(text: string): string {
  const words = text.replace(/\.$/, "");
  return /^[A-Z][a-z ]/.test(words) ? words.charAt(0).toLowerCase() + words.slice(1) : words;
}
