import { expect, test } from "vitest";
import { driftLines } from "./drift-text.ts";

const now = 1_000_000;

test("each object with its fields, who did it, when, and what became of it", () => {
  const field = { field: ".spec.ports[port=80].name", found: '"web"', wanted: '"http"', managers: ["kubectl-edit"] };
  const lines = driftLines(
    [
      {
        ...{ object: "Service money/checkout", app: "checkout", managers: ["kubectl-edit"], at: now - 90_000 },
        ...{ fields: [field, { field: ".spec.selector.app", wanted: '"checkout"' }], more: 1 },
        waits: "healing is paused: routes by hand",
      },
      {
        ...{ object: "Deployment money/checkout-r4", managers: [], fields: [], deleted: true as const },
        ...{ at: now - 3000, healedAt: now - 2000, times: 4 },
      },
    ],
    { now, drifting: 3 },
  );
  expect(lines.join("\n"))
    .toBe(`= Service money/checkout changed by kubectl-edit 90s ago; waits: healing is paused: routes by hand
    .spec.ports[port=80].name: "web" → "http"
    .spec.selector.app: not there → "checkout"
    and 1 more field
✔ Deployment money/checkout-r4 deleted 3s ago, 4 times; put right
and 2 more that wait`);
  expect(driftLines([], { now })).toEqual([]);
});
