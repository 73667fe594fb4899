/** The verbs of the Kubernetes API for any registered kind. Answers are typed by the caller; unknown fields pass through. */
import type { Readable } from "node:stream";
import { findKind, resourcePath, type Kind } from "../objects/kinds.ts";
import type { KubeObject } from "../objects/meta.ts";
import { deletedFrom, listFrom, objectFrom, type KubeList } from "./answers.ts";
import { systemClock } from "./clock.ts";
import { Discovery } from "./discovery.ts";
import type { KubeConnection } from "./kube-connection.ts";
import { KubeError } from "./kube-error.ts";
import { Transport, type Request, type Response, type TransportOptions } from "./transport.ts";
import { watchEvents, type WatchEvent } from "./watch-stream.ts";

export interface ObjectRef {
  namespace?: string;
  name: string;
}
export interface Selection {
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
}
export interface ListOptions extends Selection {
  limit?: number;
  continue?: string;
  resourceVersion?: string;
  signal?: AbortSignal;
}
export interface WriteOptions {
  fieldManager?: string;
  dryRun?: boolean;
  subresource?: "status" | "scale";
  /** What the API does about fields that the kind doesn't have; its own default is to warn. */
  fieldValidation?: "Strict" | "Warn" | "Ignore";
  signal?: AbortSignal;
}
export interface ApplyOptions extends WriteOptions {
  fieldManager: string;
  /** Take fields that other managers own. */ force?: boolean;
}
export interface DeleteOptions {
  propagationPolicy?: "Foreground" | "Background" | "Orphan";
  preconditions?: { uid?: string; resourceVersion?: string };
  gracePeriodSeconds?: number;
  dryRun?: boolean;
}
export type PatchType = "merge" | "strategic-merge" | "json";
export interface WatchOptions extends Selection {
  resourceVersion: string;
  timeoutSeconds: number;
  signal: AbortSignal;
  /** Called when the server has accepted the watch; the first event may be long in coming. */
  opened?: () => void;
}

export class KubeClient {
  readonly #transport: Transport;
  readonly #discovery: Discovery;

  constructor(connection: KubeConnection, options: TransportOptions = {}) {
    this.#transport = new Transport(connection, options);
    this.#discovery = new Discovery(this.#transport, options.clock ?? systemClock);
  }

  get server(): string {
    return this.#transport.server;
  }

  /** Throws `KubeError` with reason NotFound. */
  async get<T extends KubeObject>(kind: Kind, ref: ObjectRef): Promise<T> {
    return this.#object(kind, { method: "GET", path: path(kind, ref) });
  }

  /** As `get`; undefined when there is none. */
  async find<T extends KubeObject>(kind: Kind, ref: ObjectRef): Promise<T | undefined> {
    try {
      return await this.get<T>(kind, ref);
    } catch (error) {
      if (error instanceof KubeError && error.absent) return undefined;
      throw error;
    }
  }

  /** One page. List items carry apiVersion and kind, which the API leaves out of them. */
  async list<T extends KubeObject>(kind: Kind, options: ListOptions = {}): Promise<KubeList<T>> {
    const { namespace, signal, ...query } = options;
    const request = {
      method: "GET" as const,
      path: resourcePath(kind, namespace),
      query,
      ...(signal ? { signal } : {}),
    };
    return listFrom<T>(await this.#ask(kind, request), kind, `GET ${request.path}`);
  }

  /** All pages, 500 objects at a time unless `limit` says otherwise. */
  async listAll<T extends KubeObject>(kind: Kind, options: ListOptions = {}): Promise<KubeList<T>> {
    const items: T[] = [];
    let page: KubeList<T> | undefined;
    do {
      // A server that never comes to an end is none.
      const before: string | undefined = page?.continue;
      page = await this.list<T>(kind, {
        limit: 500,
        ...options,
        ...(page?.continue ? { continue: page.continue } : {}),
      });
      if (before !== undefined && page.continue === before)
        throw new KubeError(
          "kube/malformed",
          `GET ${resourcePath(kind, options.namespace)}: the pages of the list have no end`,
        );
      items.push(...page.items);
    } while (page.continue);
    return { items, resourceVersion: page.resourceVersion };
  }

  async create<T extends KubeObject>(object: T, options: WriteOptions = {}): Promise<T> {
    return this.#write("POST", { ...object.metadata, name: undefined }, object, options);
  }

  /** Replaces the object; with `metadata.resourceVersion` only if it is still that version. */
  async update<T extends KubeObject>(object: T, options: WriteOptions = {}): Promise<T> {
    return this.#write("PUT", object.metadata, object, options);
  }

  async patch<T extends KubeObject>(
    kind: Kind,
    ref: ObjectRef,
    patch: unknown,
    type: PatchType,
    options: WriteOptions = {},
  ): Promise<T> {
    const { subresource, dryRun, signal, ...query } = options;
    return this.#object(
      kind,
      {
        method: "PATCH",
        path: path(kind, ref, subresource),
        query: { ...query, dryRun: dryRun ? "All" : undefined },
        body: JSON.stringify(patch),
        contentType: `application/${type}-patch+json`,
        ...(signal ? { signal } : {}),
      },
      subresource,
    );
  }

  /**
   * Server-side apply: the object is all that the manager wants to own. `created` tells a new object from a changed one.
   * Throws `KubeError` with reason Conflict and `conflicts` when others own fields and `force` isn't set.
   */
  async apply<T extends KubeObject>(object: T, options: ApplyOptions): Promise<{ object: T; created: boolean }> {
    const { subresource, dryRun, force, signal, ...query } = options;
    const kind = kindOf(object);
    const request = {
      method: "PATCH" as const,
      path: path(kind, object.metadata, subresource),
      query: { ...query, force: force ? true : undefined, dryRun: dryRun ? "All" : undefined },
      body: JSON.stringify(object),
      contentType: "application/apply-patch+yaml",
      ...(signal ? { signal } : {}),
    };
    const response = await this.#ask(kind, request);
    return {
      object: objectFrom<T>(response, answered(kind, subresource), `PATCH ${request.path}`),
      created: response.status === 201,
    };
  }

  /** False when there was none. Preconditions that don't hold throw `KubeError` with reason Conflict. */
  async delete(kind: Kind, ref: ObjectRef, options: DeleteOptions = {}): Promise<boolean> {
    const { dryRun, ...rest } = options;
    // All in the body: where there is one, a kube-apiserver reads no option from the query.
    const sent = { propagationPolicy: "Background", ...(dryRun && { dryRun: ["All"] }), ...rest };
    const request = {
      method: "DELETE" as const,
      path: path(kind, ref),
      body: JSON.stringify({ apiVersion: "v1", kind: "DeleteOptions", ...sent }),
    };
    try {
      deletedFrom(await this.#ask(kind, request), kind, `DELETE ${request.path}`);
      return true;
    } catch (error) {
      if (error instanceof KubeError && error.absent) return false;
      throw error;
    }
  }

  /** Events from after `resourceVersion` until the server ends the watch (`timeoutSeconds`), the signal aborts or it breaks (throws `KubeError`). */
  async *watch<T extends KubeObject>(kind: Kind, options: WatchOptions): AsyncGenerator<WatchEvent<T>> {
    const { namespace, signal, opened, ...query } = options;
    const request = {
      method: "GET" as const,
      path: resourcePath(kind, namespace),
      query: { ...query, watch: true, allowWatchBookmarks: true },
      signal,
    };
    const { body } = await this.#transport.stream(request).catch(async (error: unknown) => {
      throw await this.#explained(kind, request, error);
    });
    opened?.();
    yield* watchEvents<T>(body, `watch ${request.path}`);
  }

  /** Any path, such as a pod's proxy or `/version`. */
  raw(
    rawPath: string,
    options: Pick<Request, "query" | "accept" | "headers" | "timeoutMs" | "signal"> = {},
  ): Promise<Response> {
    return this.#transport.request({ method: "GET", path: rawPath, ...options });
  }

  /** Any path, read as it comes (logs with `follow`). */
  async rawStream(
    rawPath: string,
    options: Pick<Request, "query" | "accept"> & { signal: AbortSignal },
  ): Promise<Readable> {
    return (await this.#transport.stream({ method: "GET", path: rawPath, ...options })).body;
  }

  async close(): Promise<void> {
    await this.#transport.close();
  }

  async #write<T extends KubeObject>(
    method: "POST" | "PUT",
    ref: { name?: string | undefined; namespace?: string },
    object: T,
    options: WriteOptions,
  ): Promise<T> {
    const { subresource, dryRun, signal, ...query } = options;
    const kind = kindOf(object);
    return this.#object(
      kind,
      {
        method,
        path: path(kind, ref, subresource),
        query: { ...query, dryRun: dryRun ? "All" : undefined },
        body: JSON.stringify(object),
        ...(signal ? { signal } : {}),
      },
      subresource,
    );
  }

  async #object<T extends KubeObject>(
    kind: Kind,
    request: Request,
    subresource?: WriteOptions["subresource"],
  ): Promise<T> {
    const response = await this.#ask(kind, request);
    return objectFrom<T>(response, answered(kind, subresource), `${request.method} ${request.path}`);
  }

  /** As the transport; a 404 for want of the kind says so. */
  async #ask(kind: Kind, request: Request): Promise<Response> {
    try {
      return await this.#transport.request(request);
    } catch (error) {
      throw await this.#explained(kind, request, error);
    }
  }
  async #explained(kind: Kind, request: Request, error: unknown): Promise<unknown> {
    if (!(error instanceof KubeError) || error.status !== 404 || error.absent) return error;
    const missing = await this.#discovery.missing(kind);
    if (missing === undefined) return error;
    return new KubeError("kube/no-kind", `${request.method} ${request.path}: ${missing}`, {
      status: 404,
      cause: error,
    });
  }
}

const scale = { apiVersion: "autoscaling/v1", kind: "Scale" };
/** What the API answers to a write below the object. */
function answered(kind: Kind, subresource: WriteOptions["subresource"]): Kind {
  return subresource === "scale" ? { ...kind, ...scale } : kind;
}

function path(kind: Kind, ref: { name?: string | undefined; namespace?: string }, subresource?: string): string {
  return resourcePath(kind, ref.namespace, ref.name) + (subresource === undefined ? "" : `/${subresource}`);
}

function kindOf(object: KubeObject): Kind {
  const kind = findKind(object.apiVersion, object.kind);
  if (!kind) throw new TypeError(`${object.apiVersion} ${object.kind} is not a registered kind`);
  return kind;
}
