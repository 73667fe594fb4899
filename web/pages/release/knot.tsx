import type { StepView } from "../../../src/release/release-view.ts";

export type KnotState = StepView["state"];

/** A knot has as many turns as the weight has quarters: 5 % one, 50 % two, 100 % four; any other step has one. */
export function turnsOf({ weight }: Pick<StepView, "weight">): number {
  return weight === undefined ? 1 : Math.max(1, Math.round(weight / 25));
}

/** Tied when it is done; a loose loop while it isn't; a red loop, crossed out, where it was taken back. Drawn around (x, y). */
export function Knot({
  x,
  y,
  state,
  turns,
  large = false,
}: {
  x: number;
  y: number;
  state: KnotState;
  turns: number;
  large?: boolean;
}) {
  const rx = large ? 8 : turns === 1 ? 5.5 : 6.5;
  const ry = large ? 7.5 : 3.4 + turns * 1.7;
  return (
    <g className={`knot ${state}`} transform={`translate(${x} ${y})`}>
      {state === "done" ? (
        <>
          <ellipse rx={rx} ry={ry} className="body" />
          {Array.from({ length: turns }, (_, turn) => {
            const at = ((turn + 0.5) / turns - 0.5) * 2 * (ry - 1.2);
            const half = Math.sqrt(Math.max(0, 1 - (at / ry) ** 2)) * rx * 0.82;
            return <path key={turn} className="turn" d={`M${-half} ${at + 1.3}Q0 ${at + 0.6} ${half} ${at - 1.3}`} />;
          })}
        </>
      ) : state === "undone" ? (
        <>
          <circle r="6.500" className="body" />
          <path className="cross" d="M-2.800-2.800 2.800 2.800M2.800-2.800-2.800 2.800" />
        </>
      ) : state === "running" ? (
        <>
          <ellipse rx="7" ry="6" className="body" />
          <path className="tail" d="M-7 0c0-8 14-8 14 0c0 6-8 7-10 3" />
        </>
      ) : (
        <circle r="3.500" className="body" />
      )}
    </g>
  );
}
