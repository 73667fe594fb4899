import type { ClusterView, RevisionView } from "../../../src/release/release-view.ts";
import { Countdown } from "../../ui/countdown.tsx";
import { number } from "../../ui/format.ts";
import { Glow } from "../../ui/glow.tsx";
import { Mark } from "../../ui/mark.tsx";
import { cordX, layoutOf, type KnotPlace } from "./cord-layout.ts";
import { stepDeadline } from "./deadline.ts";
import { Knot, turnsOf } from "./knot.tsx";
import { stepSentence, toldOf, tookOf } from "./quipu-words.ts";
import { WeightBar } from "./weight-bar.tsx";

interface CordProps {
  cluster: ClusterView;
  /** The revision that the release brings. */
  revision: string | null;
  rows: number;
  /** Many cords stand side by side: names upright, no labels. */
  narrow: boolean;
  chosen: boolean;
  readonly choose: (cluster: string) => void;
}

/** One cluster: a cord with its steps as knots. A list to those who listen. */
export function Cord({ cluster, revision, rows, narrow, chosen, choose }: CordProps) {
  const { knots, height, reachedY, backFromY } = layoutOf(cluster, rows);
  const { health, word } = toldOf(cluster.state);
  const brought = cluster.revisions.find((each) => each.revision === revision);
  return (
    <li className={`cord ${narrow ? "narrow" : ""} ${chosen ? "chosen" : ""}`} style={{ height }}>
      <svg width="28" height={height} className="drawing" aria-hidden="true">
        <path className="strand ahead" d={`M${cordX} 0V${height - 9}m0 0l-3 8m3-8l3 8m-3-8v9`} />
        {reachedY === 0 ? null : (
          <path
            className={backFromY === undefined ? "strand" : "strand undone"}
            d={`M${cordX} 0V${backFromY ?? reachedY}`}
          />
        )}
        {backFromY === undefined ? null : (
          <path className="strand back" d={`M${cordX} ${backFromY}V${Math.max(reachedY, backFromY)}`} />
        )}
        {knots.map(({ step, y }, index) => (
          <Knot key={index} x={cordX} y={y} state={step.state} turns={turnsOf(step)} />
        ))}
      </svg>
      <button
        type="button"
        className="cord-head"
        aria-pressed={chosen}
        data-cluster={cluster.cluster}
        onClick={() => choose(cluster.cluster)}
        title={`${cluster.cluster}: ${word}`}
      >
        <span className="name">{cluster.cluster}</span>
        <Glow value={cluster.state}>
          <Mark health={health} word={word} />
        </Glow>
        {narrow ? null : <Weights brought={brought} />}
      </button>
      <ol className={narrow ? "only-spoken" : "labels"}>
        {knots.map((knot, index) => (
          <Label key={index} knot={knot} />
        ))}
      </ol>
    </li>
  );
}

function Weights({ brought }: { brought: RevisionView | undefined }) {
  return (
    <span className="weights small">
      {brought === undefined ? (
        " "
      ) : (
        <>
          <WeightBar asked={brought.weight} actual={brought.actual} />
          <Glow value={brought.weight}>{brought.weight} %</Glow>
          {brought.actual === undefined ? null : <span className="dim">gets {number(brought.actual)}</span>}
        </>
      )}
    </span>
  );
}

function Label({ knot: { step, back } }: { knot: KnotPlace }) {
  const judged = step.verdict?.kind;
  return (
    <li className={`${step.state} ${back ? "back" : ""}`} title={stepSentence(step)}>
      <Glow value={step.state}>{step.label}</Glow>
      <span className="only-spoken">{stepSentence(step).slice(step.label.length)}</span>
      {judged === "pass" ? <Mark health="good" /> : judged === "fail" ? <Mark health="bad" /> : null}
      <span className="took small dim" aria-hidden="true">
        {step.wait === undefined ? tookOf(step) : <Countdown until={stepDeadline(step, step.wait)} />}
      </span>
    </li>
  );
}
