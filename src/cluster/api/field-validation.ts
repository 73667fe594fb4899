import type { Kind } from "../../objects/kinds.ts";
import type { KubeObject } from "../../objects/meta.ts";
import { badRequest } from "./api-error.ts";

export type FieldValidation = "Strict" | "Warn" | "Ignore";

const top = new Set(["apiVersion", "kind", "metadata", "spec", "status"]);

/** Unknown fields. */
export function checkFields(kind: Kind, object: KubeObject, validation: FieldValidation): string[] {
  void kind; void top; void object; void validation; void badRequest;
  return [];
}
