import { expect, test } from "vitest";
import { historyEntry, historyTable } from "./history-table.ts";
import { plain } from "./output.ts";

const release = (number: number, cause: object, status: object) => ({
  metadata: { name: `orders-r${number}`, creationTimestamp: new Date(number * 100_000).toISOString() },
  spec: { app: "orders", number, parts: ["workload"], cause: { kind: "deploy", by: "ana", ...cause } },
  status: { phase: "finished", step: null, ...status },
});

test("what, who, how it ended, how long it took, and why", () => {
  const entries = [
    release(4, {}, { phase: "progressing" }),
    release(3, { kind: "undo", by: "ben", release: 1 }, { finishedAt: 361_000 }),
    release(
      2,
      {},
      { phase: "failed", code: "crashing", reason: "bogota: exited with code 1: boom\nbang", finishedAt: 226_000 },
    ),
    release(1, { message: "the first" }, { finishedAt: 148_000 }),
  ].map(historyEntry);
  expect(historyTable(entries, 500_000, plain)).toEqual([
    "RELEASE   AGE  BY   CAUSE      PARTS     OUTCOME             TOOK  REASON",
    "      4  100s  ana  deploy     workload  = progressing          –  –",
    "      3    3m  ben  undo to 1  workload  ✔ finished     1 min 1 s  –",
    "      2    5m  ana  deploy     workload  ✖ failed            26 s  bogota: exited with code 1 [crashing]",
    "      1    6m  ana  deploy     workload  ✔ finished          48 s  the first",
  ]);
  expect(entries[2]).toMatchObject({
    release: 2,
    outcome: "failed",
    durationMs: 26_000,
    reason: expect.stringContaining("bang") as string,
  });
});
