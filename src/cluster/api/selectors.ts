import type { KubeObject } from "../../objects/meta.ts";
import type { Kind } from "../../objects/kinds.ts";
import { badRequest } from "./api-error.ts";

export type ObjectFilter = (object: KubeObject) => boolean;
const all: ObjectFilter = () => true;

/**
 * A label selector as in a query: `a=b,c!=d,e in (f,g),h notin (i),j,!k`, all of which must hold.
 * `!=` and `notin` hold for objects without the label. @throws ApiError 400.
 */
export function labelFilter(selector: string | undefined): ObjectFilter {
  if (selector === undefined || selector.trim() === "") return all;
  // Commas inside of parentheses separate values, the others requirements.
  const requirements = selector.split(/,(?![^(]*\))/).map(requirement);
  return (object) => requirements.every((holds) => holds(object.metadata.labels));
}

function requirement(text: string): (labels: Record<string, string> | undefined) => boolean {
  const trimmed = text.trim();
  const key = "([A-Za-z0-9](?:[\\w./-]*[A-Za-z0-9])?)";
  const exists = new RegExp(`^(!?)\\s*${key}$`).exec(trimmed);
  if (exists) return (labels) => (labels?.[exists[2]!] !== undefined) === (exists[1] === "");
  const equals = new RegExp(`^${key}\\s*(==|=|!=)\\s*([\\w.-]*)$`).exec(trimmed);
  if (equals) return (labels) => (labels?.[equals[1]!] === equals[3]!) === (equals[2] !== "!=");
  const set = new RegExp(`^${key}\\s+(in|notin)\\s+\\(([^()]*)\\)$`).exec(trimmed);
  if (set) {
    const values = new Set(set[3]!.split(",").map((value) => value.trim()));
    return (labels) => {
      const value = labels?.[set[1]!];
      return set[2] === "in" ? value !== undefined && values.has(value) : value === undefined || !values.has(value);
    };
  }
  throw badRequest(
    `unable to parse requirement: found ${JSON.stringify(trimmed)}, expected: KEY, !KEY, KEY=VALUE, KEY!=VALUE, KEY in (VALUES) or KEY notin (VALUES)`,
  );
}

/** Fields that may be selected by, beside metadata.name and metadata.namespace; Kubernetes supports no others. */
const selectable: Readonly<Record<string, readonly string[]>> = {
  "v1/Pod": [
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "status.phase",
    "status.podIP",
  ],
  "v1/Event": [
    "involvedObject.kind",
    "involvedObject.namespace",
    "involvedObject.name",
    "involvedObject.uid",
    "involvedObject.apiVersion",
    "involvedObject.fieldPath",
    "reason",
    "reportingComponent",
    "source",
    "type",
  ],
  "v1/Secret": ["type"],
  "v1/Namespace": ["status.phase"],
  "v1/Node": ["spec.unschedulable"],
  "v1/Service": ["spec.clusterIP", "spec.type"],
  "apps/v1/ReplicaSet": ["status.replicas"],
};

/** A field selector as in a query: `metadata.name=web,status.phase!=Running`. @throws ApiError 400 for a field that isn't selectable. */
export function fieldFilter(kind: Kind, selector: string | undefined): ObjectFilter {
  if (selector === undefined || selector.trim() === "") return all;
  const terms = selector.split(",").map((term) => {
    const match = /^\s*([^=!]+?)\s*(==|=|!=)\s*(.*?)\s*$/.exec(term);
    if (match === null)
      throw badRequest(
        `invalid selector: ${JSON.stringify(term)}; can't understand it, expected FIELD=VALUE or FIELD!=VALUE`,
      );
    const [, field, operator, value] = match as unknown as [string, string, string, string];
    if (
      field !== "metadata.name" &&
      field !== "metadata.namespace" &&
      !selectable[`${kind.apiVersion}/${kind.kind}`]?.includes(field)
    ) {
      throw badRequest(`field label not supported: ${field}`);
    }
    return { path: field.split("."), wanted: operator !== "!=", value };
  });
  return (object) => terms.every(({ path, wanted, value }) => (fieldText(object, path) === value) === wanted);
}

function fieldText(object: KubeObject, path: readonly string[]): string {
  let value: unknown = object;
  for (const name of path) value = (value as Record<string, unknown> | undefined)?.[name];
  // `source` of an Event is a structure; its component is what is compared.
  if (typeof value === "object" && value !== null) value = (value as Record<string, unknown>)["component"];
  return value === undefined || value === null ? "" : String(value);
}
