import { Type } from "typebox";
import type { Static } from "typebox";
import { closed, duration, LabelSelector, oneOf, optional } from "./schema.ts";

const Step = Type.Union([
  closed({
    weight: Type.Integer({
      minimum: 0,
      maximum: 100,
      description: "Share of the requests that the new revision gets, in percent.",
    }),
    hold: optional(duration("Watch for this long before the next step. Default 60s.", { maximum: "168h" })),
  }),
  closed({
    pause: closed(
      { for: optional(duration("Go on by itself after this long. Default: only when promoted.", { maximum: "168h" })) },
      { description: "Wait." },
    ),
  }),
]);

/** How a release makes its way. Counts from the next release. */
export const AppRollout = closed(
  {
    strategy: optional(
      oneOf(["rolling", "canary", "blueGreen", "ab", "mirror"], "Way of shifting traffic. Default canary."),
    ),
    steps: optional(
      Type.Array(Step, {
        minItems: 1,
        maxItems: 50,
        description:
          "Steps of a canary; after the last one the new revision carries everything. Default: 5, 25, 50 percent for 60s each.",
      }),
    ),
    analysis: optional(
      closed(
        {
          successRate: optional(
            Type.Number({
              minimum: 0,
              maximum: 100,
              description:
                "Least share of successful requests, in percent. Default: no worse than the old revision by more than 1 point.",
            }),
          ),
          p50: optional(duration("Median latency that must hold.", { minimum: "1ms" })),
          p90: optional(duration("90th percentile that must hold.", { minimum: "1ms" })),
          p99: optional(duration("99th percentile that must hold.", { minimum: "1ms" })),
          interval: optional(duration("Time between two looks. Default 10s.", { minimum: "1s", maximum: "1h" })),
          minRequests: optional(
            Type.Integer({ minimum: 0, description: "Requests needed for a verdict. Default 50." }),
          ),
          failureLimit: optional(
            Type.Integer({
              minimum: 0,
              maximum: 100,
              description: "Failed looks before the release is aborted. Default 3.",
            }),
          ),
          noTraffic: optional(
            oneOf(
              ["hold", "pass", "synthetic"],
              "Verdict when there was no traffic. Default pass, shown as passed without evidence.",
            ),
          ),
        },
        { description: "How a step is judged." },
      ),
    ),
    waves: optional(
      Type.Array(
        closed({
          name: optional(Type.String({ minLength: 1, maxLength: 50, description: "What the wave is called." })),
          clusters: optional(LabelSelector),
          maxConcurrent: optional(Type.Integer({ minimum: 1, description: "Clusters at a time. Default: all." })),
        }),
        {
          minItems: 1,
          maxItems: 50,
          description: "Clusters, one wave after another; a wave without clusters takes the rest. Default: one wave.",
        },
      ),
    ),
    progressDeadline: optional(
      duration("Abort when a step has made no progress for this long. Default 10m.", { minimum: "1s", maximum: "24h" }),
    ),
    trafficFirst: optional(
      Type.Boolean({
        description: "In a release of both, switch traffic before the workload instead of after it. Default false.",
      }),
    ),
    onFailure: optional(
      oneOf(
        ["rollback", "stop"],
        "Take back every cluster that the release touched (default), or leave the finished ones.",
      ),
    ),
  },
  { description: "How a release makes its way." },
);
export type AppRollout = Static<typeof AppRollout>;
