import { Type } from "typebox";
import type { Static } from "typebox";
import { document } from "./metadata.ts";
import { closed, oneOf, optional } from "./schema.ts";

export const releaseParts = ["workload", "scale", "traffic", "edges", "placement"] as const;
export type ReleasePart = (typeof releaseParts)[number];

const Hash = Type.String({ pattern: "^[0-9a-f]{64}$", "x-expects": "a sha256 in hexadecimal" });

/** Written by the server alone; people read it. */
export const ReleaseSpec = closed({
  app: Type.String({ minLength: 1, description: "The app." }),
  number: Type.Integer({ minimum: 1, description: "Counts the app's releases." }),
  cause: closed({
    kind: oneOf(["deploy", "apply", "undo", "policy", "segment", "cluster", "retry"], "What made it."),
    by: Type.String({ minLength: 1, description: "Who." }),
    message: optional(Type.String({ maxLength: 10_000, description: "Why, in the author's words." })),
  }),
  parts: Type.Array(oneOf(releaseParts, "A part that changed."), { description: "Which parts changed." }),
  image: optional(Type.String({ description: "Image with tag or digest, when the workload changed." })),
  declared: optional(Type.String({ description: "resourceVersion of the App that it was made from." })),
  policyRevision: optional(
    Type.String({ description: "Store revision of the Policies that it was resolved against." }),
  ),
  waves: optional(
    Type.Array(
      closed({
        name: optional(Type.String()),
        clusters: Type.Array(Type.String()),
        maxConcurrent: optional(Type.Integer({ minimum: 1 })),
      }),
      { description: "Clusters by name, one wave after another." },
    ),
  ),
  resolved: optional(
    Type.Record(
      Type.String(),
      closed({ workload: optional(Hash), scale: optional(Hash), traffic: optional(Hash), calls: optional(Hash) }),
      { description: "Snapshots by cluster." },
    ),
  ),
});
export const Release = document(
  "Release",
  ReleaseSpec,
  "One numbered, immutable change of an App and its way through the fleet.",
);
export type Release = Static<typeof Release>;
