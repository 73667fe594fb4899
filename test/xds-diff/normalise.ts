/**
 * What is made alike before it is compared, because Envoy makes no difference there, and nothing else:
 * - `and` and `or` of one rule or identity are that one, wherever an RBAC policy nests them, and the parts of one stand in
 *   no order; so is an `and` with `any` for the rest of it (envoy.config.rbac.v3.Permission, Principal);
 * - principals and permissions of one RBAC policy are alternatives, and so is each part of an `or` among them
 *   (envoy.config.rbac.v3.Policy);
 * - an RBAC policy that fits nothing isn't there;
 * - metadata that an RBAC policy asks for is the request's, said in the old way or the new one (Principal.metadata,
 *   sourced_metadata), and alternatives for one value stand in no order (envoy.type.matcher.v3.OrMatcher);
 * - a name in a certificate is compared by its matcher, be it in the old list, which holds for names of every type, or in
 *   the one with types (envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext).
 */
import { isDeepStrictEqual } from "node:util";
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";

export function normalised(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(normalised);
  if (!isObject(value)) return value;
  const made: JsonObject = {};
  for (const [key, entry] of Object.entries(value)) {
    if (key === "matchTypedSubjectAltNames")
      made["matchSubjectAltNames"] = (entry as JsonObject[]).map((typed) => typed["matcher"] ?? {});
    else if (key === "sourcedMetadata") made["metadata"] = normalised((entry as JsonObject)["metadataMatcher"] ?? {});
    else if (key === "valueMatchers") made[key] = inOrder((entry as JsonValue[]).map(normalised));
    else if (key === "principals" || key === "permissions") made[key] = alternatives(entry as JsonValue[]);
    else if (key === "policies") Object.assign(made, policies(normalised(entry) as JsonObject));
    else made[key] = normalised(entry);
  }
  return simplified(made);
}

const nothing = {
  permissions: [{ notRule: { any: true } }],
  principals: [{ notId: { any: true } }],
};

function policies(all: JsonObject): JsonObject {
  const left = Object.entries(all).filter(([, policy]) => !isDeepStrictEqual(policy, nothing));
  return left.length === 0 ? {} : { policies: Object.fromEntries(left) };
}

function alternatives(list: readonly JsonValue[]): JsonValue[] {
  const parts = (list.map(normalised) as JsonObject[]).flatMap((part) => {
    const either =
      (part["orIds"] as JsonObject | undefined)?.["ids"] ?? (part["orRules"] as JsonObject | undefined)?.["rules"];
    return Array.isArray(either) ? (either as JsonObject[]) : [part];
  });
  return inOrder(parts);
}

const combined = { andRules: "rules", orRules: "rules", andIds: "ids", orIds: "ids" } as const;

/** Its parts are simple already. */
function simplified(value: JsonObject): JsonObject {
  const [key, ...others] = Object.keys(value);
  if (others.length > 0 || key === undefined || !(key in combined)) return value;
  const list = combined[key as keyof typeof combined];
  const given = ((value[key] as JsonObject)[list] as JsonObject[] | undefined) ?? [];
  const parts = given.flatMap((part) => (isObject(part[key]) ? (part[key][list] as JsonObject[]) : [part]));
  const left = key.startsWith("and") && parts.length > 1 ? parts.filter((part) => part["any"] !== true) : parts;
  return left.length === 1 ? left[0]! : { [key]: { [list]: left.length === 0 ? [{ any: true }] : inOrder(left) } };
}

function inOrder<T extends JsonValue>(list: readonly T[]): T[] {
  return list.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
