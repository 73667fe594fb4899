import { Type } from "typebox";
import type { Static, TObject, TObjectOptions, TProperties, TSchema } from "typebox";
import { durationPattern } from "./duration.ts";
import { quantityPattern, type QuantityUnit } from "./quantity.ts";

/**
 * Building blocks of the schemas of all kinds. The schemas are plain JSON Schema (draft 2020-12, hence OpenAPI 3.1) with a
 * few keywords of ours, which a strict JSON Schema validator must be told about.
 */
export const vocabulary = ["x-unit", "x-minimum", "x-maximum", "x-expects", "x-code", "x-unique"] as const;

/** An object that takes no other fields. */
export function closed<P extends TProperties>(properties: P, options: TObjectOptions = {}): TObject<P> {
  return Type.Object(properties, { additionalProperties: false, ...options });
}

export function optional<S extends TSchema>(schema: S) {
  return Type.Optional(schema);
}

/** A duration such as `800ms`. Bounds are durations too. */
export function duration(description: string, bounds: { minimum?: string; maximum?: string } = {}) {
  return Type.String({
    description,
    pattern: durationPattern,
    "x-unit": "duration",
    ...(bounds.minimum !== undefined && { "x-minimum": bounds.minimum }),
    ...(bounds.maximum !== undefined && { "x-maximum": bounds.maximum }),
  });
}

/** An amount of CPU or memory. A bare number is allowed, as Kubernetes does. */
export function quantity(unit: QuantityUnit, description: string) {
  return Type.Union([Type.String({ pattern: quantityPattern[unit], "x-unit": unit }), Type.Number({ minimum: 0 })], {
    description,
    "x-unit": unit,
  });
}

/** A moment, with its zone. Whether its day exists is checked beside the schemas. */
export function instant(description: string) {
  return Type.String({
    pattern: "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}(:\\d{2}(\\.\\d+)?)?(Z|[+-]\\d{2}:\\d{2})$",
    "x-expects": "a time with its zone, such as 2026-12-24T18:00:00-05:00",
    description,
  });
}

export function oneOf<const V extends string>(values: readonly V[], description: string) {
  return Type.Unsafe<V>({ type: "string", enum: [...values], description });
}

export const namePattern = "^[a-z]([-a-z0-9]*[a-z0-9])?$";
/** RFC 1035 label of at most 50 characters: `-r1234567890` still fits a DNS label of 63 after it. */
export function name(description: string) {
  return Type.String({ description, pattern: namePattern, maxLength: 50, "x-code": "bad-name" });
}

export const Labels = Type.Record(
  Type.String({ pattern: "^([a-z0-9A-Z.-]+/)?[a-zA-Z0-9]([-_.a-zA-Z0-9]{0,61}[a-zA-Z0-9])?$" }),
  Type.String({
    pattern: "^([a-zA-Z0-9]([-_.a-zA-Z0-9]{0,61}[a-zA-Z0-9])?)?$",
    "x-expects": "a label value: at most 63 letters, digits, '-', '_' or '.'",
  }),
  { description: "Labels, as in Kubernetes." },
);

export const LabelSelector = closed(
  {
    matchLabels: optional(
      Type.Record(Type.String(), Type.String(), { description: "Labels that must all be present with these values." }),
    ),
    matchExpressions: optional(
      Type.Array(
        closed({
          key: Type.String(),
          operator: oneOf(["In", "NotIn", "Exists", "DoesNotExist"], "How the label's value is compared."),
          values: optional(Type.Array(Type.String())),
        }),
        { description: "Further conditions that must all hold." },
      ),
    ),
  },
  {
    description:
      "A label selector, as in Kubernetes. Empty: everything. For clusters, name, region and zone count as labels.",
  },
);
export type LabelSelector = Static<typeof LabelSelector>;

export const HttpMethod = Type.String({
  pattern: "^[A-Z]+$",
  "x-expects": "an HTTP method in capitals, such as GET",
  description: "An HTTP method.",
});
export const PathPattern = Type.String({
  pattern: "^(/[^*?#]*\\*?|\\*[^*?#]*)$",
  "x-expects": "a path that begins with '/'; it may end in '*' (prefix) or begin with '*' (suffix)",
  description: "A path: exact, a prefix ending in '*', or a suffix beginning with '*'.",
});
export const HostName = Type.String({
  pattern: "^([a-z0-9]([-a-z0-9]*[a-z0-9])?\\.)+[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
  maxLength: 253,
  "x-expects": "a full DNS name in lower case, such as api.shop.example",
  description: "A DNS name.",
});
export const PortNumber = Type.Integer({ minimum: 1, maximum: 65535, description: "A port." });
