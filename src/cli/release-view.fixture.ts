import type { ClusterView, ReleaseView, StepView } from "./release-view.ts";

/** A release on its way that has nothing written yet; specs add what they look at. */
export const baseView: ReleaseView = {
  app: "orders",
  number: 7,
  at: 20_000,
  phase: "progressing",
  parts: ["workload"],
  cause: { kind: "deploy", by: "ana", message: "better orders" },
  image: "quipu.local/orders@sha256:00",
  revision: "r7",
  from: "r3",
  acceptedAt: 0,
  begunAt: 10,
  stages: [],
  waves: [],
  waits: [],
  commands: { promote: null, pause: null, resume: "it isn't paused", abort: null },
};

const labels = ["pods", "subset", "10 %", "100 %", "takes over", "old one removed"];

/** A cluster that has done so many of its steps; the next one is under way while it runs. */
export function clusterAt(cluster: string, done: number, state: ClusterView["state"]): ClusterView {
  const steps = labels.map((label, index): StepView => {
    const running = index === done && state === "running";
    return {
      do: label.endsWith("%") ? "weight" : "step",
      label,
      state: index < done ? "done" : running ? "running" : "waiting",
      ...(label.endsWith("%") && { holdMs: 10_000 }),
      ...(index < done && { heldAt: 1000, receipt: "4 of 4 proxies in 0.3 s" }),
      ...(running && {
        wait: {
          cell: cluster,
          kind: "proxies",
          reason: `${cluster}: 3 of 4 proxies have it`,
          until: 320_000,
          then: "the release is taken back",
        },
      }),
    };
  });
  return { cluster, state, steps, back: [], revisions: [] };
}
