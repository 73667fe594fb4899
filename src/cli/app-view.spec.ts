import { expect, test } from "vitest";
import { appTree, type AppView } from "./app-view.ts";

const view: AppView = {
  app: "orders",
  phase: "running",
  revision: "r2",
  pods: { ready: 3, total: 3 },
  calls: [],
  callers: [],
  hosts: [],
  clusters: [
    {
      name: "bogota",
      revision: "r2",
      weights: { r2: 100 },
      revisions: { r2: { ready: 2, total: 2 }, r3: { ready: 0, total: 1, reason: "CrashLoopBackOff: exit code 1" } },
      ageMs: 10,
    },
    {
      name: "montevideo",
      revision: "r2",
      weights: { r2: 100 },
      revisions: { r2: { ready: 1, total: 1 } },
      ageMs: 10,
      error: "no contact",
    },
  ],
  releases: [
    {
      metadata: { name: "orders-r3", creationTimestamp: "2026-01-01T00:00:00Z" },
      spec: { app: "orders", number: 3, parts: ["workload"] },
      status: { phase: "progressing", step: "create", reason: "waiting for pods" },
    },
  ],
};

test("an app as a tree", () => {
  expect(appTree(view)).toEqual([
    "✔ orders running, revision r2, 3/3 pods ready",
    "│ release 3 (workload): = progressing – waiting for pods",
    "├─ bogota",
    "│  ├─ ✔ r2 100 % 2/2 ready",
    "│  └─ = r3 0 % 0/1 ready – CrashLoopBackOff: exit code 1",
    "└─ montevideo ✖ no contact",
    "   └─ ✔ r2 100 % 1/1 ready",
  ]);
});

test("what a crashing app wrote stands once, below the tree", () => {
  const reason = "CrashLoopBackOff: exited with code 3: boom\nbang";
  const cluster = (name: string) => ({
    ...view.clusters[0]!,
    name,
    revisions: { r1: { ready: 0, total: 1, reason } },
  });
  const lines = appTree({ ...view, clusters: [cluster("bogota"), cluster("lima")] });
  expect(lines.filter((line) => line.includes("boom"))).toEqual(["| boom"]);
  expect(lines.slice(-3)).toEqual(["it wrote:", "| boom", "| bang"]);
  expect(lines.filter((line) => line.endsWith(" – CrashLoopBackOff: exited with code 3"))).toHaveLength(2);
});
