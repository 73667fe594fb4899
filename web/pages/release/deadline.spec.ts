import { expect, test } from "vitest";
import type { Wait } from "../../../src/rollout/gates.ts";
import { deadlineOf, stepDeadline } from "./deadline.ts";

// oxlint-disable-next-line unicorn/no-thenable -- what happens then: a word of the API
const wait = (kind: Wait["kind"], until: number): Wait => ({ cell: "bogota", kind, reason: "", until, then: "" });

test("a hold ends when it was declared to, not at the next look; past its end the next look counts", () => {
  expect(stepDeadline({ heldAt: 1_000, holdMs: 60_000 }, wait("hold", 2_000))).toBe(61_000);
  expect(stepDeadline({ heldAt: 1_000, holdMs: 60_000 }, wait("hold", 70_000))).toBe(70_000);
  expect(stepDeadline({ heldAt: 1_000, holdMs: 60_000 }, wait("proxies", 2_000))).toBe(2_000);
  expect(stepDeadline({}, wait("hold", 2_000))).toBe(2_000);
});

test("of a release: by the step that is under way in the wait's cluster", () => {
  const step = { do: "weight", label: "5 %", state: "running", heldAt: 1_000, holdMs: 60_000 } as const;
  const cluster = { cluster: "bogota", state: "running", steps: [step], back: [], revisions: [] } as const;
  const waves = [{ name: "all", maxConcurrent: 1, state: "running", clusters: [cluster] }] as never;
  expect(deadlineOf(wait("hold", 2_000), { waves, stages: [] })).toBe(61_000);
  expect(deadlineOf({ ...wait("hold", 2_000), cell: "" }, { waves, stages: [] })).toBe(2_000);
});
