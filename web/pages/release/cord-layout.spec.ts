import { expect, test } from "vitest";
import type { StepView } from "../../../src/release/release-view.ts";
import { headHeight, layoutOf, rowHeight, rowsOf, wayOf } from "./cord-layout.ts";

const step = (label: string, state: StepView["state"]): StepView => ({ do: "weight", label, state });
const forward = [step("5 %", "done"), step("25 %", "running"), step("50 %", "waiting")];

test("forward: every step has its place from the beginning; the cord is dark as far as it has come", () => {
  const layout = layoutOf({ steps: forward, back: [] }, 5);
  expect(layout.knots.map(({ y }) => (y - headHeight) / rowHeight)).toEqual([0.5, 1.5, 2.5]);
  expect(layout.reachedY).toBe(layout.knots[1]!.y);
  expect(layout.backFromY).toBeUndefined();
  expect(layoutOf({ steps: [], back: [] }, 5).height).toBe(layout.height);
});

test("back: it turns after the last step that it had come to", () => {
  const steps = [step("5 %", "undone"), step("25 %", "waiting")];
  const back = [step("all to the old one", "done"), step("removed", "waiting")];
  expect(wayOf({ steps, back }).map((each) => each.step.label)).toEqual(["5 %", "all to the old one", "removed"]);
  const layout = layoutOf({ steps, back }, 3);
  expect(layout.backFromY).toBe(headHeight + rowHeight);
  expect(layout.reachedY).toBe(layout.knots[1]!.y);
  expect(
    rowsOf([
      { steps, back },
      { steps: forward, back: [] },
    ]),
  ).toBe(3);
});
