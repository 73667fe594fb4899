/** What an API answered, taken for what was asked only if it is that: a garbled answer must not pass for an empty cluster. */
import type { Kind } from "../objects/kinds.ts";
import type { KubeObject } from "../objects/meta.ts";
import { KubeError, whatCame } from "./kube-error.ts";
import type { Response } from "./transport.ts";

export interface KubeList<T> {
  items: T[];
  resourceVersion: string;
  continue?: string;
  remainingItemCount?: number;
}

/** One object of a kind. Throws `KubeError` with code `kube/malformed`. */
export function objectFrom<T extends KubeObject>(response: Response, kind: Kind, request: string): T {
  const object = jsonFrom(response, request);
  if (!isObject(object) || object.kind !== kind.kind || object.apiVersion !== kind.apiVersion)
    throw malformed(request, `a ${kind.kind} of ${kind.apiVersion} was to come`, response);
  return object as T;
}

/** One page. List items carry apiVersion and kind, which the API leaves out of them. Throws `KubeError` with code `kube/malformed`. */
export function listFrom<T extends KubeObject>(response: Response, kind: Kind, request: string): KubeList<T> {
  const list = jsonFrom(response, request) as {
    kind?: unknown;
    items?: unknown;
    metadata?: { resourceVersion?: unknown; continue?: string; remainingItemCount?: number };
  } | null;
  const { resourceVersion, continue: next, remainingItemCount } = list?.metadata ?? {};
  const items = list?.items ?? (list !== null && "items" in list ? [] : undefined);
  if (
    typeof resourceVersion !== "string" ||
    resourceVersion === "" ||
    !Array.isArray(items) ||
    (list?.kind !== undefined && list.kind !== `${kind.kind}List`) ||
    !items.every(hasName)
  )
    throw malformed(request, `a list of ${kind.plural} was to come`, response);
  return {
    items: (items as unknown as T[]).map((item) => ({ ...item, apiVersion: kind.apiVersion, kind: kind.kind })),
    resourceVersion,
    ...(next ? { continue: next } : {}),
    ...(remainingItemCount === undefined ? {} : { remainingItemCount }),
  };
}

/** A deletion's answer: success, or the object, which then goes by and by. Throws `KubeError` with code `kube/malformed`. */
export function deletedFrom(response: Response, kind: Kind, request: string): void {
  const answer = jsonFrom(response, request) as { kind?: unknown; status?: unknown } | null;
  const done = answer?.kind === "Status" && answer.status === "Success";
  if (!done && answer?.kind !== kind.kind)
    throw malformed(request, `word of the ${kind.kind}'s deletion was to come`, response);
}

function jsonFrom(response: Response, request: string): unknown {
  try {
    return JSON.parse(response.body);
  } catch {
    // The parser's own message quotes what it read.
    throw malformed(request, "the API's JSON was to come", response);
  }
}

function isObject(value: unknown): value is KubeObject {
  return hasName(value) && "apiVersion" in value && "kind" in value;
}
export function hasName(value: unknown): value is Pick<KubeObject, "metadata"> {
  return (
    typeof value === "object" &&
    value !== null &&
    "metadata" in value &&
    typeof (value.metadata as { name?: unknown } | null)?.name === "string"
  );
}

function malformed(request: string, wanted: string, { status, body }: Response): KubeError {
  return new KubeError(
    "kube/malformed",
    `${request}: ${wanted}, and ${whatCame(body)} came: what answers isn't this cluster's API, or something in between garbles it`,
    { status },
  );
}
