import { AppSpec } from "./app.ts";
import { checkSchema, show } from "./check-schema.ts";
import { parseDuration } from "./duration.ts";
import { describe, joinPath, type JsonSchema } from "./json-schema.ts";
import type { GuardRails, Policy } from "./policy.ts";
import { Problem } from "./problem.ts";
import { parseQuantity } from "./quantity.ts";
import { suggest } from "./suggest.ts";

const specSchema = AppSpec as unknown as JsonSchema;

/** `calls[].retries.attempts` → calls, [], retries, attempts. */
function keysOf(field: string): string[] {
  return field.split(".").flatMap((key) => (key.endsWith("[]") ? [key.slice(0, -2), "[]"] : [key]));
}

/** The schemas that a guard-rail's field can have (several behind a union), or the key at which the way ends. */
function schemasAt(field: string): { schemas: JsonSchema[] } | { unknown: string; known: string[] } {
  let level: JsonSchema[] = [specSchema];
  for (const key of keysOf(field)) {
    const options = level.flatMap((schema) => schema.anyOf ?? [schema]);
    const next = options.flatMap((schema) =>
      key === "[]" ? (schema.items ?? []) : (schema.properties?.[key] ?? Object.values(schema.patternProperties ?? {})),
    );
    if (next.length === 0)
      return { unknown: key, known: [...new Set(options.flatMap((schema) => Object.keys(schema.properties ?? {})))] };
    level = next;
  }
  return { schemas: level };
}

const unbounded = { minimum: undefined, maximum: undefined, "x-minimum": undefined, "x-maximum": undefined };

/** Fields that don't exist in an App and bounds that aren't of the field's kind. */
export function checkGuardRailFields(rails: GuardRails): Problem[] {
  const problems: Problem[] = [];
  const look = (field: string, at: string, bound?: string | number) => {
    const found = schemasAt(field);
    if ("unknown" in found) {
      const near = suggest(found.unknown, found.known);
      problems.push(
        new Problem(
          "unknown-field",
          `${at}: an App's spec has no field ${field}.${near === undefined ? "" : ` Did you mean ${near}?`}`,
          { field: at, found: field, accepted: near ?? found.known.join(", ") },
        ),
      );
      return;
    }
    if (bound === undefined) return;
    const amounts = found.schemas
      .flatMap((schema) => schema.anyOf ?? [schema])
      .filter((schema) => schema["x-unit"] !== undefined || schema.type === "integer" || schema.type === "number");
    if (amounts.length === 0)
      problems.push(
        new Problem("wrong-type", `${at}: ${field} is no amount, so it can't be bounded.`, {
          field: at,
          found: field,
          accepted: "a duration, a quantity or a number",
        }),
      );
    else {
      // The field's own range isn't the bound's: a bound may lie anywhere.
      const free = amounts.map((schema) => ({ ...schema, ...unbounded }));
      const results = free.map((schema) => checkSchema(bound, schema, at));
      if (!results.some((result) => result.length === 0)) problems.push(...results[0]!);
    }
  };
  for (const side of ["max", "min"] as const)
    for (const [field, bound] of Object.entries(rails[side] ?? {}))
      look(field, joinPath(`spec.guardRails.${side}`, field), bound);
  for (const side of ["required", "forbidden"] as const)
    for (const [index, field] of (rails[side] ?? []).entries()) look(field, `spec.guardRails.${side}[${index}]`);
  return problems;
}

interface Hit {
  path: string;
  value: unknown;
}

/** Every place in the spec that the field names; with its value, undefined where it isn't given. */
function placesOf(spec: unknown, field: string): Hit[] {
  let hits: Hit[] = [{ path: "spec", value: spec }];
  for (const key of keysOf(field)) {
    hits = hits.flatMap(({ path, value }) => {
      if (key === "[]")
        return Array.isArray(value)
          ? value.map((item: unknown, index) => ({ path: `${path}[${index}]`, value: item }))
          : [];
      return [{ path: joinPath(path, key), value: (value as Record<string, unknown> | undefined)?.[key] }];
    });
  }
  return hits;
}

/** A duration in ms, a quantity in cores or bytes, a number as it is. */
function amountOf(value: unknown, field: string): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value !== "string") return undefined;
  const found = schemasAt(field);
  const unit =
    "schemas" in found
      ? found.schemas
          .map((schema) => schema["x-unit"] ?? schema.anyOf?.[0]?.["x-unit"])
          .find((word) => word !== undefined)
      : undefined;
  return unit === undefined ? undefined : unit === "duration" ? parseDuration(value) : parseQuantity(unit, value);
}

/** Where a spec (an App's with defaults, Policies and overrides laid over each other) goes against guard-rails. */
export function checkGuardRails(spec: object, policies: readonly Policy[]): Problem[] {
  return policies.flatMap(({ metadata: { name }, spec: { guardRails: rails = {} } }) => {
    const refuse = (path: string, found: unknown, accepted: string) =>
      new Problem(
        "guard-rail",
        `${path} is ${found === undefined ? "not given" : show(found)}; Policy ${name} accepts ${accepted}.`,
        { field: path, found, accepted },
      );
    const bounded = (side: "max" | "min") =>
      Object.entries(rails[side] ?? {}).flatMap(([field, bound]) =>
        placesOf(spec, field).flatMap(({ path, value }) => {
          const amount = amountOf(value, field);
          const limit = amountOf(bound, field);
          if (limit === undefined || amount === undefined) return [];
          const effective = amount === 0 && zeroMeansNone(field) ? Infinity : amount;
          const against = side === "max" ? effective > limit : effective < limit;
          return against ? [refuse(path, value, `${side === "max" ? "at most" : "at least"} ${bound}`)] : [];
        }),
      );
    return [
      ...bounded("max"),
      ...bounded("min"),
      ...(rails.required ?? []).flatMap((field) =>
        placesOf(spec, field)
          .filter(({ value }) => isAbsent(value))
          .map(({ path, value }) => refuse(path, value, describeRequired(field))),
      ),
      ...(rails.forbidden ?? []).flatMap((field) =>
        placesOf(spec, field)
          .filter(({ value }) => !isAbsent(value))
          .map(({ path, value }) => refuse(path, value, "nothing there")),
      ),
    ];
  });
}

function isAbsent(value: unknown): boolean {
  return (
    value === undefined ||
    (Array.isArray(value) && value.length === 0) ||
    (typeof value === "object" && value !== null && Object.keys(value).length === 0)
  );
}

/** Where 0 stands for no limit, it is the largest value there is. */
function zeroMeansNone(field: string): boolean {
  return /(^|\.)(timeout|perTryTimeout|maxRequestsPerConnection)$/.test(field);
}

function describeRequired(field: string): string {
  const found = schemasAt(field);
  return "schemas" in found ? describe(found.schemas[0]!) : "a value";
}
