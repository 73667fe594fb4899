import { Type } from "typebox";
import type { Static } from "typebox";
import { AppAccess, AppCalls, AppExpose } from "./app-calls.ts";
import { AppRollout } from "./app-rollout.ts";
import { AppTraffic } from "./app-traffic.ts";
import { AppWorkload } from "./app-workload.ts";
import { deepPartial } from "./deep-partial.ts";
import { document } from "./metadata.ts";
import { closed, LabelSelector, name, oneOf, optional } from "./schema.ts";

export const AppPlacement = closed(
  {
    clusters: optional(LabelSelector),
    spread: optional(oneOf(["zone", "none"], "Spread replicas over zones. Default zone.")),
  },
  { description: "Where the app runs. Default: its segment's." },
);
export type AppPlacement = Static<typeof AppPlacement>;

/** Ports are the same in every cluster, so that a caller needn't know which one answers. */
const OverrideSpec = closed(
  {
    workload: optional(deepPartial(AppWorkload, ["ports"])),
    traffic: optional(deepPartial(AppTraffic)),
  },
  { description: "Fields of the App's spec that differ there. Lists replace the whole list." },
);

export const AppSpec = closed({
  team: name("Team that owns the app."),
  segment: name("Segment that the app belongs to; it is part of its identity and can't be changed."),
  workload: optional(AppWorkload),
  placement: optional(AppPlacement),
  calls: optional(AppCalls),
  traffic: optional(AppTraffic),
  access: optional(AppAccess),
  expose: optional(AppExpose),
  rollout: optional(AppRollout),
  overrides: optional(
    Type.Array(closed({ clusters: LabelSelector, spec: OverrideSpec }), {
      maxItems: 100,
      description: "Differences per market. The last one that matches a cluster wins, field by field.",
    }),
  ),
  overlay: optional(
    Type.Array(
      closed({
        kind: Type.String({ minLength: 1, description: "Kind of the rendered object." }),
        name: optional(Type.String({ minLength: 1, description: "Its name. Default: every object of that kind." })),
        patch: Type.Record(Type.String(), Type.Unknown(), {
          description: "JSON merge patch (RFC 7386). apiVersion, kind, name and namespace can't be patched.",
        }),
      }),
      {
        maxItems: 50,
        description: "Escape hatch: checked patches of rendered objects, shown wherever they are in force.",
      },
    ),
  ),
});
export type AppSpec = Static<typeof AppSpec>;

export const App = document(
  "App",
  AppSpec,
  "A microservice: what to run, where, whom it calls, what protects it, how it is rolled out.",
);
export type App = Static<typeof App>;
