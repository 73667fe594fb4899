import type { Paint } from "./output.ts";
import type { StepView } from "./release-view.ts";

/** How a step is drawn: a knot. Only characters of WGL4, which every monospace font has; the shape alone tells the state. */
const shapes = {
  /** Acknowledged and judged. */
  done: ["●", "green"],
  running: ["◊", "yellow"],
  waiting: ["○", "grey"],
  undone: ["×", "red"],
  /** On the way back it isn't reached any more. */
  never: ["·", "grey"],
} as const;

export type KnotState = keyof typeof shapes;

export function knot(state: KnotState, paint: Paint): string {
  const [shape, colour] = shapes[state];
  return paint(colour, shape);
}

/** A cord of knots on one line. `onward`: false where the way leads back, so that what waits is never reached. */
export function cord(steps: readonly StepView[], onward: boolean, paint: Paint): string {
  return steps
    .map(({ state }) => knot(state === "waiting" && !onward ? "never" : state, paint))
    .join(paint("grey", "─"));
}
