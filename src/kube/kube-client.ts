/** The verbs of the Kubernetes API for any registered kind. Answers are typed by the caller; unknown fields pass through. */
import type { Readable } from "node:stream";
import { findKind, resourcePath, type Kind } from "../objects/kinds.ts";
import type { KubeObject } from "../objects/meta.ts";
import { KubeError } from "./kube-error.ts";
import type { KubeConnection } from "./kubeconfig.ts";
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
export interface KubeList<T> {
  items: T[];
  resourceVersion: string;
  continue?: string;
  remainingItemCount?: number;
}
export interface WriteOptions {
  fieldManager?: string;
  dryRun?: boolean;
  subresource?: "status" | "scale";
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

  constructor(connection: KubeConnection, options: TransportOptions = {}) {
    this.#transport = new Transport(connection, options);
  }

  get server(): string {
    return this.#transport.server;
  }

  /** Throws `KubeError` with reason NotFound. */
  async get<T extends KubeObject>(kind: Kind, ref: ObjectRef): Promise<T> {
    return json(await this.#transport.request({ method: "GET", path: path(kind, ref) }));
  }

  /** As `get`; undefined when there is none. */
  async find<T extends KubeObject>(kind: Kind, ref: ObjectRef): Promise<T | undefined> {
    try {
      return await this.get<T>(kind, ref);
    } catch (error) {
      if (error instanceof KubeError && error.status === 404) return undefined;
      throw error;
    }
  }

  /** One page. List items carry apiVersion and kind, which the API leaves out of them. */
  async list<T extends KubeObject>(kind: Kind, options: ListOptions = {}): Promise<KubeList<T>> {
    const { namespace, signal, ...query } = options;
    const list = json<{
      items: T[] | null;
      metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number };
    }>(
      await this.#transport.request({
        method: "GET",
        path: resourcePath(kind, namespace),
        query,
        ...(signal ? { signal } : {}),
      }),
    );
    if (typeof list.metadata?.resourceVersion !== "string")
      throw new KubeError("kube/malformed", `${resourcePath(kind, namespace)}: the answer is not a list`);
    const { resourceVersion, continue: next, remainingItemCount } = list.metadata;
    const items = (list.items ?? []).map((item) => ({ ...item, apiVersion: kind.apiVersion, kind: kind.kind }));
    return {
      items,
      resourceVersion,
      ...(next ? { continue: next } : {}),
      ...(remainingItemCount === undefined ? {} : { remainingItemCount }),
    };
  }

  /** All pages, 500 objects at a time unless `limit` says otherwise. */
  async listAll<T extends KubeObject>(kind: Kind, options: ListOptions = {}): Promise<KubeList<T>> {
    const items: T[] = [];
    let page: KubeList<T> | undefined;
    do {
      page = await this.list<T>(kind, {
        limit: 500,
        ...options,
        ...(page?.continue ? { continue: page.continue } : {}),
      });
      items.push(...page.items);
    } while (page.continue);
    return { items, resourceVersion: page.resourceVersion };
  }

  async create<T extends KubeObject>(object: T, options: WriteOptions = {}): Promise<T> {
    return json(await this.#write("POST", { ...object.metadata, name: undefined }, object, options));
  }

  /** Replaces the object; with `metadata.resourceVersion` only if it is still that version. */
  async update<T extends KubeObject>(object: T, options: WriteOptions = {}): Promise<T> {
    return json(await this.#write("PUT", object.metadata, object, options));
  }

  async patch<T extends KubeObject>(
    kind: Kind,
    ref: ObjectRef,
    patch: unknown,
    type: PatchType,
    options: WriteOptions = {},
  ): Promise<T> {
    const { subresource, dryRun, fieldManager, signal } = options;
    return json(
      await this.#transport.request({
        method: "PATCH",
        path: path(kind, ref, subresource),
        query: { fieldManager, dryRun: dryRun ? "All" : undefined },
        body: JSON.stringify(patch),
        contentType: `application/${type}-patch+json`,
        ...(signal ? { signal } : {}),
      }),
    );
  }

  /**
   * Server-side apply: the object is all that the manager wants to own. `created` tells a new object from a changed one.
   * Throws `KubeError` with reason Conflict and `conflicts` when others own fields and `force` isn't set.
   */
  async apply<T extends KubeObject>(object: T, options: ApplyOptions): Promise<{ object: T; created: boolean }> {
    const { subresource, dryRun, fieldManager, force, signal } = options;
    const response = await this.#transport.request({
      method: "PATCH",
      path: path(kindOf(object), object.metadata, subresource),
      query: { fieldManager, force: force ? true : undefined, dryRun: dryRun ? "All" : undefined },
      body: JSON.stringify(object),
      contentType: "application/apply-patch+yaml",
      ...(signal ? { signal } : {}),
    });
    return { object: json<T>(response), created: response.status === 201 };
  }

  /** False when there was none. Preconditions that don't hold throw `KubeError` with reason Conflict. */
  async delete(kind: Kind, ref: ObjectRef, options: DeleteOptions = {}): Promise<boolean> {
    const { dryRun, ...rest } = options;
    try {
      await this.#transport.request({
        method: "DELETE",
        path: path(kind, ref),
        query: { dryRun: dryRun ? "All" : undefined },
        body: JSON.stringify({ apiVersion: "v1", kind: "DeleteOptions", propagationPolicy: "Background", ...rest }),
      });
      return true;
    } catch (error) {
      if (error instanceof KubeError && error.status === 404) return false;
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
    const { body } = await this.#transport.stream(request);
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

  #write(
    method: "POST" | "PUT",
    ref: { name?: string | undefined; namespace?: string },
    object: KubeObject,
    options: WriteOptions,
  ): Promise<Response> {
    const { subresource, dryRun, fieldManager, signal } = options;
    return this.#transport.request({
      method,
      path: path(kindOf(object), ref, subresource),
      query: { fieldManager, dryRun: dryRun ? "All" : undefined },
      body: JSON.stringify(object),
      ...(signal ? { signal } : {}),
    });
  }
}

function path(kind: Kind, ref: { name?: string | undefined; namespace?: string }, subresource?: string): string {
  return resourcePath(kind, ref.namespace, ref.name) + (subresource === undefined ? "" : `/${subresource}`);
}

function kindOf(object: KubeObject): Kind {
  const kind = findKind(object.apiVersion, object.kind);
  if (!kind) throw new TypeError(`${object.apiVersion} ${object.kind} is not a registered kind`);
  return kind;
}

function json<T>(response: Response): T {
  try {
    return JSON.parse(response.body) as T;
  } catch (cause) {
    throw new KubeError("kube/malformed", `the answer isn't JSON: ${response.body.slice(0, 200)}`, {
      status: response.status,
      cause,
    });
  }
}
