import type { IncomingMessage } from "node:http";
import { kinds } from "../../objects/kinds.ts";
import type { KubeObject } from "../../objects/meta.ts";
import type { PatchType } from "./apply-patch.ts";
import { ApiError, badRequest, expired, notFound } from "./api-error.ts";
import type { DeleteOptions, PropagationPolicy } from "./deletion.ts";
import { duplicateFields } from "./duplicate-fields.ts";
import { checkFields, type FieldValidation } from "./field-validation.ts";
import type { ListPages } from "./list-pages.ts";
import type { ObjectStore, Selection, WriteOptions } from "./object-store.ts";
import { mediaType, parseBody, readBody } from "./request-body.ts";
import { groupOf, unknownPath, type ResourcePath } from "./request-path.ts";
import { readScale, writeScale } from "./scale.ts";

export interface ResourceRequest {
  path: ResourcePath;
  query: URLSearchParams;
  request: IncomingMessage;
}
export interface Answer {
  code: number;
  body: unknown;
  list?: true;
  warnings?: readonly string[];
}

const patchTypes: Readonly<Record<string, PatchType | "apply">> = {
  "application/json-patch+json": "json",
  "application/merge-patch+json": "merge",
  "application/strategic-merge-patch+json": "strategic",
  "application/apply-patch+yaml": "apply",
  "application/apply-patch+json": "apply",
};

export const methodNotAllowed = (): ApiError =>
  new ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {});

export function numberOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === "") return undefined;
  if (!/^\d{1,15}$/.test(text))
    throw badRequest(`${name}: Invalid value: ${JSON.stringify(text)}: must be a whole number, 0 or more`);
  return Number(text);
}

export const flagOf = (query: URLSearchParams, name: string): boolean => /^(true|1)$/i.test(query.get(name) ?? "");

export function selectionOf({ path: { namespace, name }, query }: ResourceRequest): Selection {
  const fields = [query.get("fieldSelector"), name === undefined ? null : `metadata.name=${name}`]
    .filter((part) => part)
    .join(",");
  return {
    namespace,
    labelSelector: query.get("labelSelector") ?? undefined,
    fieldSelector: fields === "" ? undefined : fields,
  };
}

function oneOf<T extends string>(query: URLSearchParams, name: string, accepted: readonly T[]): T | undefined {
  const value = query.get(name);
  if (value === null || value === "") return undefined;
  if (!accepted.includes(value as T))
    throw badRequest(
      `${name}: Unsupported value: ${JSON.stringify(value)}: supported values: ${accepted.map((one) => JSON.stringify(one)).join(", ")}`,
    );
  return value as T;
}

/** As Kubernetes does without `fieldManager`: the user agent up to its first slash. */
function writeOptions({ query, request, path }: ResourceRequest): WriteOptions & { manager: string } {
  const manager =
    query.get("fieldManager") || (request.headers["user-agent"] ?? "unknown").split("/")[0]!.slice(0, 128);
  if (manager.length > 128) throw badRequest("fieldManager: Too long: may not be more than 128 bytes");
  const subresource = path.subresource;
  if (subresource !== undefined && subresource !== "status" && subresource !== "scale") throw methodNotAllowed();
  return { manager, subresource, dryRun: oneOf(query, "dryRun", ["All"]) === "All" };
}

function checkVersion(store: ObjectStore, query: URLSearchParams): void {
  const wanted = numberOf(query, "resourceVersion");
  if (wanted === undefined || wanted === 0) return;
  if (wanted > store.revision)
    throw new ApiError(504, "Timeout", `Timeout: Too large resource version: ${wanted}, current: ${store.revision}`, {
      retryAfterSeconds: 1,
      causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
    });
  if (query.get("resourceVersionMatch") === "Exact" && wanted !== store.revision)
    throw expired(
      `The resourceVersion for the provided list is too old: ${wanted}, only the present (${store.revision}) is served`,
    );
}

function list(store: ObjectStore, pages: ListPages, call: ResourceRequest): Answer {
  const {
    path: { kind },
    query,
  } = call;
  const limit = numberOf(query, "limit");
  const token = query.get("continue");
  if (token) checkVersion(store, new URLSearchParams());
  else checkVersion(store, query);
  const page = token ? pages.next(token, limit) : pages.first(store.list(kind, selectionOf(call)), limit);
  const { items, ...metadata } = page;
  return { code: 200, list: true, body: { kind: `${kind.kind}List`, apiVersion: kind.apiVersion, metadata, items } };
}

async function bodyOf(
  { request, path, query }: ResourceRequest,
  type = mediaType(request),
): Promise<{ object: KubeObject; warnings: string[] }> {
  const body = await readBody(request);
  const object = parseBody(body, type) as KubeObject;
  if (typeof object !== "object" || object === null || Array.isArray(object))
    throw badRequest("the body must be an object");
  if (path.subresource === "scale") return { object, warnings: [] };
  if (typeof object.metadata !== "object" || object.metadata === null) throw badRequest("metadata is required");
  const validation = oneOf<FieldValidation>(query, "fieldValidation", ["Strict", "Warn", "Ignore"]) ?? "Warn";
  const text = type.endsWith("json") && validation !== "Ignore" ? body.toString("utf8") : "";
  return { object, warnings: checkFields(path.kind, object, validation, duplicateFields(text)) };
}

function located(object: KubeObject, { namespace, name }: ResourcePath): KubeObject {
  const { metadata } = object;
  if (namespace !== undefined) {
    if (metadata.namespace && metadata.namespace !== namespace)
      throw badRequest(
        `the namespace of the provided object does not match the namespace sent on the request: ${metadata.namespace} is not ${namespace}`,
      );
    metadata.namespace = namespace;
  }
  if (name !== undefined) {
    if (metadata.name && metadata.name !== name)
      throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`);
    metadata.name = name;
  }
  return object;
}

/** From the body; only without one from the query, as a kube-apiserver does. */
async function deleteOptions({ request, query: parameters }: ResourceRequest): Promise<DeleteOptions> {
  const body = await readBody(request);
  const query = body.length === 0 ? parameters : new URLSearchParams();
  const given = (body.length === 0 ? {} : parseBody(body, mediaType(request))) as {
    preconditions?: DeleteOptions["preconditions"];
    gracePeriodSeconds?: number;
    propagationPolicy?: string;
    orphanDependents?: boolean;
    dryRun?: string[];
  };
  const policy =
    query.get("propagationPolicy") ??
    given.propagationPolicy ??
    (given.orphanDependents === true ? "Orphan" : undefined);
  if (policy !== undefined && !["Background", "Foreground", "Orphan"].includes(policy))
    throw badRequest(
      `propagationPolicy: Unsupported value: ${JSON.stringify(policy)}: supported values: "Background", "Foreground", "Orphan"`,
    );
  const grace = numberOf(query, "gracePeriodSeconds") ?? given.gracePeriodSeconds;
  return {
    ...(given.preconditions ? { preconditions: given.preconditions } : {}),
    ...(typeof grace === "number" ? { gracePeriodSeconds: grace } : {}),
    ...(policy === undefined ? {} : { propagationPolicy: policy as PropagationPolicy }),
    dryRun: oneOf(query, "dryRun", ["All"]) === "All" || given.dryRun?.includes("All") === true,
  };
}

/** GET, POST, PUT, PATCH, DELETE of an object or collection. @throws ApiError. */
export async function serveResource(store: ObjectStore, pages: ListPages, call: ResourceRequest): Promise<Answer> {
  const { path, query, request } = call;
  const { kind, namespace, name, subresource } = path;
  if (subresource !== undefined && !kind.subresources.includes(subresource as "status")) throw unknownPath();
  const scale = subresource === "scale";
  switch (request.method) {
    case "GET": {
      if (name === undefined) return list(store, pages, call);
      checkVersion(store, query);
      if (scale) return { code: 200, body: readScale(store, kind, namespace!, name) };
      const object = store.get(kind, namespace, name);
      if (object === undefined) throw notFound(kind, name);
      return { code: 200, body: object };
    }
    case "POST": {
      if (name !== undefined) throw methodNotAllowed();
      if (kind.namespaced && namespace === undefined) throw methodNotAllowed();
      const { object, warnings } = await bodyOf(call);
      return { code: 201, body: store.create(kind, located(object, path), writeOptions(call)), warnings };
    }
    case "PUT": {
      if (name === undefined) throw methodNotAllowed();
      const { object, warnings } = await bodyOf(call);
      if (scale)
        return {
          code: 200,
          body: writeScale(store, kind, namespace!, name, { type: "replace", value: object }, writeOptions(call)),
        };
      return { code: 200, body: store.update(kind, located(object, path), writeOptions(call)), warnings };
    }
    case "PATCH":
      return patch(store, call);
    case "DELETE": {
      if (subresource !== undefined) throw methodNotAllowed();
      const options = await deleteOptions(call);
      if (name === undefined) {
        if (kind.namespaced && namespace === undefined) throw methodNotAllowed();
        const selected = store.list(kind, selectionOf(call));
        for (const { metadata } of selected.items)
          if (store.get(kind, metadata.namespace, metadata.name) !== undefined)
            store.delete(kind, metadata.namespace, metadata.name, options);
        return {
          code: 200,
          list: true,
          body: {
            kind: `${kind.kind}List`,
            apiVersion: kind.apiVersion,
            metadata: { resourceVersion: String(store.revision) },
            items: selected.items,
          },
        };
      }
      const { object, removed } = store.delete(kind, namespace, name, options);
      if (!removed || kind === kinds.Pod || kind === kinds.Namespace) return { code: 200, body: object };
      const group = groupOf(kind);
      return {
        code: 200,
        body: {
          kind: "Status",
          apiVersion: "v1",
          metadata: {},
          status: "Success",
          details: { name, ...(group === "" ? {} : { group }), kind: kind.plural, uid: object.metadata.uid },
        },
      };
    }
    default:
      throw methodNotAllowed();
  }
}

async function patch(store: ObjectStore, call: ResourceRequest): Promise<Answer> {
  const { path, query, request } = call;
  const { kind, namespace, name, subresource } = path;
  if (name === undefined) throw methodNotAllowed();
  const sent = mediaType(request);
  const type = patchTypes[sent];
  if (type === undefined)
    throw new ApiError(
      415,
      "UnsupportedMediaType",
      `the body of the request was in an unknown format - accepted media types include: ${Object.keys(patchTypes).join(", ")}`,
    );
  const options = writeOptions(call);
  if (type === "apply") {
    if (!query.get("fieldManager"))
      throw badRequest(
        'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
      );
    const { object, warnings } = await bodyOf(call, sent);
    if (subresource === "scale") throw methodNotAllowed();
    const existed = store.get(kind, namespace, name) !== undefined;
    return {
      code: existed ? 200 : 201,
      body: store.apply(kind, located(object, path), { ...options, force: flagOf(query, "force") }),
      warnings,
    };
  }
  const value = parseBody(await readBody(request), sent);
  if (subresource === "scale")
    return {
      code: 200,
      body: writeScale(store, kind, namespace!, name, { type: type === "json" ? "json" : "merge", value }, options),
    };
  const validation = oneOf<FieldValidation>(query, "fieldValidation", ["Strict", "Warn", "Ignore"]) ?? "Warn";
  const warnings: string[] = [];
  const body = store.patch(
    kind,
    namespace,
    name,
    { type, patch: value, check: (object) => void warnings.push(...checkFields(kind, object, validation)) },
    options,
  );
  return { code: 200, body, warnings };
}
