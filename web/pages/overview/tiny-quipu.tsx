import type { WaveSummary } from "../../../src/release/release-summary.ts";
import { count } from "../../ui/format.ts";

const gap = 16;
const length = 18;
const most = 8;

/** A release in a row of a list: a cord for each wave, dark as far as it has come. */
export function TinyQuipu({ waves }: { waves: readonly WaveSummary[] }) {
  const shown = waves.slice(0, most);
  const width = (shown.length + 0.5) * gap;
  const words = waves.map(
    ({ name, state, done, clusters }) => `${name}: ${state}, ${done} of ${count(clusters, "cluster")}`,
  );
  return (
    <span className="tiny-quipu" title={words.join("\n")}>
      <svg width={width} height="26" aria-hidden="true">
        <path className="main" d={`M2 4H${width - 2}`} />
        {shown.map(({ state, progress }, index) => {
          const x = (index + 0.75) * gap;
          const end = 4 + Math.max(state === "waiting" ? 0 : 3, progress * length);
          const bad = state === "going back" || state === "taken back";
          return (
            <g key={index} className={bad ? "bad" : state === "done" ? "done" : state}>
              <path className="ahead" d={`M${x} 4V${4 + length}`} />
              <path className="reached" d={`M${x} 4V${end}`} />
              {bad ? (
                <path className="cross" d={`M${x - 3} ${end - 3}l6 6m0-6l-6 6`} />
              ) : state === "waiting" ? null : (
                <circle cx={x} cy={end} r="3" />
              )}
            </g>
          );
        })}
      </svg>
      <span className="only-spoken">{words.join("; ")}</span>
      <span className="small dim" aria-hidden="true">
        {doneWords(waves)}
      </span>
    </span>
  );
}

function doneWords(waves: readonly WaveSummary[]): string {
  const all = waves.reduce((sum, { clusters }) => sum + clusters, 0);
  const done = waves.reduce((sum, wave) => sum + wave.done, 0);
  return all === 0 ? "" : `${done} / ${all}`;
}
