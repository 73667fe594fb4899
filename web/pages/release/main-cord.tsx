import { useId } from "react";
import type { StepView } from "../../../src/release/release-view.ts";
import { Knot } from "./knot.tsx";

export type SegmentState = StepView["state"] | "back";

/** A piece of the main cord: twisted, dark as far as the release has come. */
export function MainCord({ state, knot }: { state: SegmentState; knot?: StepView["state"] }) {
  const twist = useId();
  return (
    <span className={`main-cord ${state}`} aria-hidden="true">
      <svg width="100%" height="12">
        <pattern id={twist} width="9" height="12" patternUnits="userSpaceOnUse">
          <path className="ply" d="M-1 10.500C2 10.500 5 1.500 10 1.500" />
        </pattern>
        <rect className="core" width="100%" height="7" y="2.500" />
        <rect width="100%" height="7" y="2.500" fill={`url(#${twist})`} />
      </svg>
      {knot === undefined ? null : (
        <svg className="on-cord" width="24" height="20">
          <Knot x={12} y={10} state={knot} turns={1} large />
        </svg>
      )}
    </span>
  );
}
