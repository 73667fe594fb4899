import { durationMs, parseDuration, suggestDuration } from "./duration.ts";
import { describe, type JsonSchema } from "./json-schema.ts";
import { Problem } from "./problem.ts";
import { parseQuantity, suggestQuantity } from "./quantity.ts";

/** Holds a text against its schema: unit and bounds, form, length. */
export function checkText(value: string, schema: JsonSchema, path: string): Problem[] {
  const found = value.length > 80 ? `${value.slice(0, 77)}...` : value;
  const details = { field: path, found: value, accepted: describe(schema) };
  const unit = schema["x-unit"];
  if (unit !== undefined) {
    const amount = unit === "duration" ? parseDuration(value) : parseQuantity(unit, value);
    if (amount === undefined) {
      const meant = unit === "duration" ? suggestDuration(value) : suggestQuantity(unit, value);
      return [
        new Problem(
          "wrong-unit",
          `${path} is ${JSON.stringify(found)}.${meant === undefined ? "" : ` Did you mean ${meant}?`}`,
          details,
        ),
      ];
    }
    const below = schema["x-minimum"] !== undefined && amount < durationMs(schema["x-minimum"]);
    const above = schema["x-maximum"] !== undefined && amount > durationMs(schema["x-maximum"]);
    return below || above ? [new Problem("out-of-range", `${path} is ${found}.`, details)] : [];
  }
  const { minLength = 0, maxLength = Infinity } = schema;
  if (schema.pattern !== undefined && !new RegExp(schema.pattern).test(value))
    return [new Problem(schema["x-code"] ?? "bad-format", `${path} is ${JSON.stringify(found)}.`, details)];
  if (value.length < minLength || value.length > maxLength) {
    const code = schema["x-code"] ?? "out-of-range";
    return [
      new Problem(code, `${path} has ${value.length} characters.`, {
        ...details,
        accepted:
          maxLength === Infinity
            ? `at least ${minLength} characters`
            : `${Math.max(minLength, 1)} to ${maxLength} characters`,
      }),
    ];
  }
  return [];
}
