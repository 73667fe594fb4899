import type { StepView } from "../../../src/release/release-view.ts";
import { Countdown } from "../../ui/countdown.tsx";
import { Glow } from "../../ui/glow.tsx";
import { Mark } from "../../ui/mark.tsx";
import { stepDeadline } from "./deadline.ts";
import { Knot, turnsOf } from "./knot.tsx";
import { tookOf } from "./quipu-words.ts";
import { VerdictLine } from "./verdict-line.tsx";

const words: Record<StepView["state"], string> = {
  waiting: "not yet",
  running: "under way",
  done: "done",
  undone: "taken back",
};

/** Every step with its receipt, and its verdict with figures. */
export function StepTable({ steps, failure }: { steps: readonly StepView[]; failure: string | undefined }) {
  const failedAt = failure === undefined ? -1 : steps.findLastIndex(({ state }) => state === "undone");
  return (
    <table className="table dense steps">
      <colgroup>
        <col style={{ width: 34 }} />
        <col style={{ width: "20%" }} />
        <col />
        <col style={{ width: 74 }} />
      </colgroup>
      <thead>
        <tr>
          <th scope="col">
            <span className="only-spoken">State</span>
          </th>
          <th scope="col">Step</th>
          <th scope="col">Receipt and verdict</th>
          <th scope="col" className="num">
            Took
          </th>
        </tr>
      </thead>
      <tbody>
        {steps.map((step, index) => (
          <tr key={index} className={step.state}>
            <td>
              <svg width="18" height="22" viewBox="0 0 18 22" aria-hidden="true">
                <Knot x={9} y={11} state={step.state} turns={turnsOf(step)} />
              </svg>
              <span className="only-spoken">{words[step.state]}</span>
            </td>
            <td>
              <Glow value={step.state}>{step.label}</Glow>
            </td>
            <td className="wrap">
              {step.receipt === undefined || step.receipt === "" ? null : <span>{step.receipt}</span>}
              {step.wait === undefined || step.verdict !== undefined ? null : (
                <span className="dim">waits: {step.wait.reason}</span>
              )}
              {index === failedAt ? <Mark health="bad" word={failure} /> : null}
              {step.verdict === undefined ? null : (
                <VerdictLine verdict={step.verdict} sofar={step.state === "running"} />
              )}
            </td>
            <td className="num">
              {step.wait === undefined ? tookOf(step) : <Countdown until={stepDeadline(step, step.wait)} />}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
