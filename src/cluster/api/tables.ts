import type { Kind } from "../../objects/kinds.ts";
import type { KubeObject } from "../../objects/meta.ts";
import { columns, otherColumns } from "./table-columns.ts";

export type IncludeObject = "Metadata" | "Object" | "None";

/** Whether the first media type that this server can answer is a Table of meta.k8s.io/v1. */
export function wantsTable(accept: string | undefined): boolean {
  for (const type of (accept ?? "").split(",")) {
    const [media, ...parameters] = type.split(";").map((part) => part.trim());
    if (media !== "application/json" && media !== "*/*") continue;
    if (parameters.length === 0 || !parameters.some((parameter) => parameter.startsWith("as="))) return false;
    if (parameters.includes("as=Table") && parameters.includes("v=v1") && parameters.includes("g=meta.k8s.io"))
      return true;
  }
  return false;
}

/** A Table (meta.k8s.io/v1): what kubectl prints for these objects. `headers`: a watch gives them in its first event alone. */
export function table(
  kind: Kind,
  objects: readonly KubeObject[],
  metadata: Record<string, unknown>,
  now: Date,
  includeObject: IncludeObject = "Metadata",
  headers = true,
): Record<string, unknown> {
  const shown = columns[kind.kind] ?? otherColumns;
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata,
    columnDefinitions: !headers
      ? null
      : shown.map(({ name, type, format, wide }) => ({
          name,
          type,
          format: format ?? "",
          description: "",
          priority: wide ? 1 : 0,
        })),
    rows: objects.map((object) => ({
      cells: shown.map(({ cell }) => cell(object as never, now)),
      ...(includeObject === "None"
        ? {}
        : {
            object:
              includeObject === "Object"
                ? object
                : { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata: object.metadata },
          }),
    })),
  };
}
