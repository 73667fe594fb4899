import type { ClusterView, WaveView } from "../../../src/release/release-view.ts";
import { count } from "../../ui/format.ts";
import { Glow } from "../../ui/glow.tsx";
import { Mark } from "../../ui/mark.tsx";
import { cordX, headHeight, rowHeight } from "./cord-layout.ts";
import { Knot, turnsOf } from "./knot.tsx";
import { toldOf } from "./quipu-words.ts";

const order: readonly ClusterView["state"][] = ["going back", "taken back", "running", "waiting", "kept", "done"];

/** A folded wave: its cords bound into one, with how many clusters have come past each step. */
export function Bundle({ wave: { clusters }, rows }: { wave: WaveView; rows: number }) {
  const longest = clusters.reduce((best, each) => (each.steps.length > best.steps.length ? each : best), clusters[0]!);
  const height = headHeight + rows * rowHeight + 16;
  const states = order.flatMap((state) => {
    const number = clusters.filter((each) => each.state === state).length;
    return number === 0 ? [] : [{ state, number }];
  });
  return (
    <div className="cord bundle" style={{ height }}>
      <svg width="28" height={height} className="drawing" aria-hidden="true">
        {[-4, 0, 4].map((shift) => (
          <path key={shift} className="strand ahead" d={`M${cordX + shift} 0V${height - 9}l${shift / 2} 8`} />
        ))}
        {longest.steps.map((step, index) => (
          <Knot
            key={index}
            x={cordX}
            y={headHeight + (index + 0.5) * rowHeight}
            state={bound(clusters, index)}
            turns={turnsOf(step)}
          />
        ))}
      </svg>
      <div className="cord-head">
        <span className="name">{count(clusters.length, "cluster")}</span>
        {states.slice(0, 2).map(({ state, number }) => (
          <Glow key={state} value={number}>
            <Mark health={toldOf(state).health} word={`${number} ${state}`} />
          </Glow>
        ))}
      </div>
      <ol className="labels">
        {longest.steps.map((step, index) => {
          const past = clusters.filter(({ steps }) => steps[index]?.state === "done").length;
          return (
            <li key={index} className={bound(clusters, index)}>
              {step.label}
              <span className="took small dim">
                <Glow value={past} />
              </span>
            </li>
          );
        })}
      </ol>
    </div>
  );
}

/** What a knot of all of them shows: trouble first, then what moves. */
function bound(clusters: readonly ClusterView[], index: number): "waiting" | "running" | "done" | "undone" {
  const states = clusters.flatMap(({ steps }) => steps[index]?.state ?? []);
  if (states.includes("undone")) return "undone";
  if (states.every((state) => state === "done")) return "done";
  return states.some((state) => state !== "waiting") ? "running" : "waiting";
}
