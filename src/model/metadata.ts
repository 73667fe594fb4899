import { Type } from "typebox";
import type { Static, TSchema } from "typebox";
import { closed, Labels, name, optional } from "./schema.ts";

export const apiVersion = "quipu.dev/v1";

export const Metadata = closed({
  name: name("Name, unique in the fleet among its kind."),
  labels: optional(Labels),
  annotations: optional(Type.Record(Type.String(), Type.String(), { description: "Notes that nothing selects by." })),
  uid: optional(Type.String({ description: "Set by the server." })),
  resourceVersion: optional(Type.String({ description: "Set by the server: store revision of the last write." })),
  generation: optional(Type.Integer({ description: "Set by the server: counts the changes of spec." })),
  creationTimestamp: optional(Type.String({ description: "Set by the server." })),
});
export type Metadata = Static<typeof Metadata>;

export const Condition = closed({
  type: Type.String(),
  status: Type.Unsafe<"True" | "False" | "Unknown">({ type: "string", enum: ["True", "False", "Unknown"] }),
  reason: optional(Type.String()),
  message: optional(Type.String()),
  lastTransitionTime: optional(Type.String()),
  observedGeneration: optional(Type.Integer()),
});

export const Status = Type.Object(
  {
    conditions: optional(Type.Array(Condition)),
    observedGeneration: optional(Type.Integer()),
  },
  { description: "Set by the server; ignored in what is applied." },
);

/** A whole document of a kind, around its spec. */
export function document<const K extends string, S extends TSchema>(kind: K, spec: S, description: string) {
  return closed(
    {
      apiVersion: Type.Literal(apiVersion),
      kind: Type.Literal(kind),
      metadata: Metadata,
      spec,
      status: optional(Status),
    },
    { description },
  );
}
