import type { Kind } from "../../objects/kinds.ts";
import type { KubeObject } from "../../objects/meta.ts";
import type { StatusCause } from "./api-error.ts";

const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const label1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const qualified = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;

export const isDnsLabel = (value: string): boolean => value.length <= 63 && label.test(value);

const bad = (field: string, value: unknown, message: string): StatusCause => ({
  reason: "FieldValueInvalid",
  message: `Invalid value: ${JSON.stringify(value)}: ${message}`,
  field,
});

/** What is wrong with an object's name ("Object Names and IDs" of the Kubernetes documentation), or nothing. */
function nameProblem(kind: Kind, name: string): string | undefined {
  if (kind.kind === "Namespace") {
    return isDnsLabel(name)
      ? undefined
      : "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character, at most 63 of them";
  }
  if (kind.kind === "Service" && kind.apiVersion === "v1") {
    return name.length <= 63 && label1035.test(name)
      ? undefined
      : "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character, at most 63 of them";
  }
  return name.length <= 253 && subdomain.test(name)
    ? undefined
    : "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character, at most 253 of them";
}

function keyProblem(key: string): string | undefined {
  const slash = key.indexOf("/");
  const [prefix, name] = slash < 0 ? [undefined, key] : [key.slice(0, slash), key.slice(slash + 1)];
  if (prefix !== undefined && (prefix.length > 253 || !subdomain.test(prefix)))
    return "prefix part must be a lowercase RFC 1123 subdomain";
  return name.length <= 63 && qualified.test(name)
    ? undefined
    : "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character, at most 63 of them";
}

/** Checks name, labels, annotations (256 KiB in all), finalizers and owners of any object. */
export function validateMetadata(kind: Kind, object: KubeObject): StatusCause[] {
  const { name, labels = {}, annotations = {}, finalizers = [], ownerReferences = [] } = object.metadata;
  const causes: StatusCause[] = [];
  const nameCause = nameProblem(kind, name);
  if (nameCause !== undefined) causes.push(bad("metadata.name", name, nameCause));
  for (const [key, value] of Object.entries(labels)) {
    const problem = keyProblem(key);
    if (problem !== undefined) causes.push(bad("metadata.labels", key, problem));
    if (typeof value !== "string" || value.length > 63 || (value !== "" && !qualified.test(value))) {
      causes.push(
        bad(
          "metadata.labels",
          value,
          "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character, at most 63 of them",
        ),
      );
    }
  }
  let size = 0;
  for (const [key, value] of Object.entries(annotations)) {
    const problem = keyProblem(key.toLowerCase());
    if (problem !== undefined) causes.push(bad("metadata.annotations", key, problem));
    if (typeof value !== "string") causes.push(bad("metadata.annotations", value, "must be a string"));
    else size += key.length + Buffer.byteLength(value);
  }
  if (size > 262144)
    causes.push({
      reason: "FieldValueTooLong",
      message: "Too long: may not be more than 262144 bytes",
      field: "metadata.annotations",
    });
  for (const finalizer of finalizers) {
    const problem = typeof finalizer === "string" ? keyProblem(finalizer) : "must be a string";
    if (problem !== undefined) causes.push(bad("metadata.finalizers", finalizer, problem));
  }
  ownerReferences.forEach((owner, index) => {
    for (const field of ["apiVersion", "kind", "name", "uid"] as const) {
      if (!owner[field])
        causes.push({
          reason: "FieldValueRequired",
          message: "Required value",
          field: `metadata.ownerReferences[${index}].${field}`,
        });
    }
  });
  if (ownerReferences.filter(({ controller }) => controller === true).length > 1) {
    causes.push(
      bad(
        "metadata.ownerReferences",
        ownerReferences.map(({ name: owner }) => owner),
        "Only one reference can have Controller set to true",
      ),
    );
  }
  return causes;
}
