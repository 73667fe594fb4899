import { Type } from "typebox";
import type { Static } from "typebox";
import { document } from "./metadata.ts";
import { closed, optional } from "./schema.ts";
import { AppDefaults } from "./segment.ts";

const Bounds = (description: string) =>
  Type.Record(Type.String({ minLength: 1 }), Type.Union([Type.String(), Type.Number()]), { description });
const Fields = (description: string) => Type.Array(Type.String({ minLength: 1 }), { description });

/** Fields are named as in an App's spec: `traffic.timeout`, `workload.replicas.max`, `calls[].retries.attempts`. */
export const GuardRails = closed(
  {
    max: optional(Bounds("Largest value by field, in the field's own unit.")),
    min: optional(Bounds("Smallest value by field, in the field's own unit.")),
    required: optional(
      Fields(
        "Fields that must be given by the App, a default or an override. For a list: it isn't empty; with [] each entry has it.",
      ),
    ),
    forbidden: optional(Fields("Fields that must not be given.")),
  },
  { description: "What neither App nor override may go against." },
);
export type GuardRails = Static<typeof GuardRails>;

export const PolicySpec = closed({
  description: optional(Type.String({ maxLength: 1000 })),
  selector: optional(
    closed(
      {
        segment: optional(Type.String({ minLength: 1 })),
        team: optional(Type.String({ minLength: 1 })),
        app: optional(Type.String({ minLength: 1 })),
        matchLabels: optional(Type.Record(Type.String(), Type.String())),
      },
      { description: "Which apps; all that is given must match. Empty: the fleet." },
    ),
  ),
  defaults: optional(AppDefaults),
  guardRails: optional(GuardRails),
});
export const Policy = document(
  "Policy",
  PolicySpec,
  "Defaults and guard-rails by selector. The most specific default wins, field by field.",
);
export type Policy = Static<typeof Policy>;
