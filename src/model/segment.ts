import { Type } from "typebox";
import type { Static } from "typebox";
import { AppRollout } from "./app-rollout.ts";
import { AppTraffic } from "./app-traffic.ts";
import { AppWorkload } from "./app-workload.ts";
import { deepPartial } from "./deep-partial.ts";
import { document } from "./metadata.ts";
import { closed, Labels, LabelSelector, oneOf, optional } from "./schema.ts";

/** Defaults that a Segment or a Policy may set for apps. */
export const AppDefaults = closed(
  {
    workload: optional(deepPartial(AppWorkload, ["ports", "image", "command"])),
    traffic: optional(deepPartial(AppTraffic)),
    rollout: optional(deepPartial(AppRollout)),
  },
  { description: "Values for what an App leaves out. Lists replace the whole list." },
);
export type AppDefaults = Static<typeof AppDefaults>;

export const SegmentSpec = closed({
  description: optional(Type.String({ maxLength: 1000 })),
  placement: optional(
    closed(
      {
        clusters: optional(LabelSelector),
        spread: optional(oneOf(["zone", "none"], "Spread replicas over zones. Default zone.")),
      },
      { description: "Where its apps run when they don't say. Default: every cluster." },
    ),
  ),
  defaults: optional(AppDefaults),
  mtls: optional(
    oneOf(
      ["STRICT", "PERMISSIVE"],
      "Mutual TLS of its apps. PERMISSIVE also takes plain text, for moving in. Default STRICT.",
    ),
  ),
  namespaceLabels: optional(Labels),
});
export const Segment = document(
  "Segment",
  SegmentSpec,
  "A vertical of the business, isolated from the others. It becomes the namespace; crossing it needs consent.",
);
export type Segment = Static<typeof Segment>;
