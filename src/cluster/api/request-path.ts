import { kinds, type Kind } from "../../objects/kinds.ts";
import { groupVersion } from "../../objects/meta.ts";
import { ApiError } from "./api-error.ts";

/** What a path below /api or /apis names. Without `name` the collection. */
export interface ResourcePath {
  kind: Kind;
  namespace: string | undefined;
  name: string | undefined;
  subresource: string | undefined;
  /** What follows `proxy/`, as it was written (still encoded). */
  rest: string;
}

const byPlural = new Map(Object.values<Kind>(kinds).map((kind) => [`${kind.apiVersion}/${kind.plural}`, kind]));

export function kindByPlural(apiVersion: string, plural: string): Kind | undefined {
  return byPlural.get(`${apiVersion}/${plural}`);
}

export const unknownPath = (): ApiError =>
  new ApiError(404, "NotFound", "the server could not find the requested resource", {});

/** The resource a path names, or undefined when it isn't below a version of an API group. @throws ApiError 404 for unknown ones. */
export function parseResourcePath(pathname: string): ResourcePath | undefined {
  const parts = pathname.split("/").slice(1);
  const [apiVersion, start] = parts[0] === "api" ? [parts[1], 2] : [`${parts[1]}/${parts[2]}`, 3];
  if (parts.length <= start || parts[start] === "") return undefined;
  let at = start;
  let namespace: string | undefined;
  // /namespaces/NS and /namespaces/NS/status are the Namespace itself; longer paths lead into it.
  const [first, second, third] = parts.slice(start);
  if (
    first === "namespaces" &&
    second !== undefined &&
    third !== undefined &&
    third !== "" &&
    !(apiVersion === "v1" && (third === "status" || third === "finalize"))
  ) {
    namespace = decode(second);
    at = start + 2;
  }
  const kind = byPlural.get(`${apiVersion}/${parts[at]}`);
  if (kind === undefined || (namespace !== undefined && !kind.namespaced)) throw unknownPath();
  const name = parts[at + 1] === undefined || parts[at + 1] === "" ? undefined : decode(parts[at + 1]!);
  if (kind.namespaced && name !== undefined && namespace === undefined) throw unknownPath();
  const subresource = parts[at + 2] === undefined || parts[at + 2] === "" ? undefined : parts[at + 2];
  if (subresource !== "proxy" && parts.length > at + 3) throw unknownPath();
  return { kind, namespace, name, subresource, rest: parts.slice(at + 3).join("/") };
}

/** The API group of a kind, "" for the core one. */
export const groupOf = (kind: Kind): string => groupVersion(kind.apiVersion).group;

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw unknownPath();
  }
}
