import type { App } from "./app.ts";
import { checkApp } from "./check-app.ts";
import { checkKind } from "./check-kinds.ts";
import { checkSchema } from "./check-schema.ts";
import { declaredKinds, type KindName } from "./kinds.ts";
import { apiVersion } from "./metadata.ts";
import { Problem } from "./problem.ts";
import { suggest } from "./suggest.ts";

/** Largest App, in bytes of its JSON. */
export const maxAppBytes = 1024 * 1024;

/**
 * Everything that is wrong with a document, whatever its kind: shape, names, units, ranges, and what only its kind
 * knows. Empty: it can be stored. References to other documents aren't looked at, for the order of creation is free.
 */
export function validate(document: unknown): Problem[] {
  if (typeof document !== "object" || document === null || Array.isArray(document)) {
    return [
      new Problem("not-a-document", "A document is an object with apiVersion, kind, metadata and spec.", {
        found: document,
        accepted: "apiVersion, kind, metadata, spec",
      }),
    ];
  }
  const { kind, apiVersion: version, metadata } = document as Record<string, unknown>;
  const subject = `${String(kind ?? "?")}/${String((metadata as { name?: unknown } | null | undefined)?.name ?? "?")}`;
  return check(document, kind, version).map((problem) => problem.with({ subject }));
}

function check(document: object, kind: unknown, version: unknown): Problem[] {
  const names = Object.keys(declaredKinds);
  if (kind === undefined)
    return [new Problem("missing-field", "kind is missing.", { field: "kind", accepted: names.join(", ") })];
  if (typeof kind !== "string" || !names.includes(kind)) {
    const near = suggest(String(kind), names);
    return [
      new Problem(
        "unknown-kind",
        `There is no kind ${JSON.stringify(kind)}.${near === undefined ? "" : ` Did you mean ${near}?`}`,
        { field: "kind", found: kind, accepted: names.join(", ") },
      ),
    ];
  }
  if (version !== apiVersion)
    return [
      new Problem("unknown-api-version", `apiVersion is ${JSON.stringify(version) ?? "missing"}.`, {
        field: "apiVersion",
        found: version,
        accepted: apiVersion,
      }),
    ];
  if (kind === "App") {
    const bytes = Buffer.byteLength(JSON.stringify(document));
    if (bytes > maxAppBytes)
      return [
        new Problem("too-large", `The App has ${bytes} bytes.`, {
          found: bytes,
          accepted: `at most ${maxAppBytes} bytes`,
        }),
      ];
  }
  const shape = checkSchema(document, declaredKinds[kind as KindName].schema, "");
  // What a kind alone knows can be asked only of a document that has the right shape.
  if (shape.length > 0) return shape;
  return kind === "App" ? checkApp(document as App) : checkKind(document as never);
}
