import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Pod } from "../../objects/core.ts";
import { kinds } from "../../objects/kinds.ts";
import { ApiError, badRequest, notFound } from "./api-error.ts";
import type { ObjectStore } from "./object-store.ts";

type Bytes = AsyncIterable<Uint8Array | string>;
export interface PodLogRequest {
  pod: Pod;
  container: string;
  follow: boolean;
  previous: boolean;
  timestamps: boolean;
  tailLines?: number;
  sinceSeconds?: number;
  sinceTime?: string;
  limitBytes?: number;
  /** Aborted when the client has gone. */
  signal: AbortSignal;
}
/** The text of a container's log; ends by itself unless `follow`. May throw ApiError before the first byte. */
export type PodLogs = (request: PodLogRequest) => Bytes | Promise<Bytes>;

export interface PodProxyRequest {
  pod: Pod;
  scheme: "http" | "https";
  /** As it was asked for: a number or a port's name; undefined without one. */
  port: string | undefined;
  method: string;
  /** With the query, beginning with `/`. */
  path: string;
  headers: Record<string, string | string[]>;
  body: Readable;
  signal: AbortSignal;
}
export interface PodProxyResponse {
  status: number;
  headers: Record<string, string | string[]>;
  body: Bytes | Uint8Array | string;
}
export type PodProxy = (request: PodProxyRequest) => Promise<PodProxyResponse>;

function positive(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === "") return undefined;
  if (!/^\d+$/.test(text))
    throw badRequest(`invalid value for ${name}: ${JSON.stringify(text)}: must be a whole number`);
  return Number(text);
}

function whileOpen(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once("close", () => controller.abort());
  return controller.signal;
}

/** `GET …/pods/NAME/log`. @throws ApiError 404 for the pod, 400 for a container it doesn't have. */
export async function servePodLog(
  store: ObjectStore,
  podLogs: PodLogs,
  namespace: string,
  name: string,
  query: URLSearchParams,
  response: ServerResponse,
): Promise<void> {
  const pod = store.get<Pod>(kinds.Pod, namespace, name);
  if (pod === undefined) throw notFound(kinds.Pod, name);
  const names = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])].map(
    (container) => container.name,
  );
  const container = query.get("container") || (pod.spec?.containers.length === 1 ? names[0] : undefined);
  if (container === undefined)
    throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${names.join(" ")}]`);
  if (!names.includes(container)) throw badRequest(`container ${container} is not valid for pod ${name}`);
  const flag = (option: string): boolean => /^(true|1|)$/.test(query.get(option) ?? "false");
  const [tailLines, sinceSeconds, limitBytes, sinceTime] = [
    positive(query, "tailLines"),
    positive(query, "sinceSeconds"),
    positive(query, "limitBytes"),
    query.get("sinceTime") ?? undefined,
  ];
  const log = await podLogs({
    pod,
    container,
    follow: flag("follow"),
    previous: flag("previous"),
    timestamps: flag("timestamps"),
    signal: whileOpen(response),
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(sinceSeconds === undefined ? {} : { sinceSeconds }),
    ...(limitBytes === undefined ? {} : { limitBytes }),
    ...(sinceTime === undefined ? {} : { sinceTime }),
  });
  response.writeHead(200, { "content-type": "text/plain" });
  response.flushHeaders();
  await pipeline(Readable.from(log), response);
}

/** Hop-by-hop (RFC 9110 §7.6.1), and what belongs to this server: a pod must never see the caller's credentials. */
const notForwarded = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "authorization",
  "host",
]);
function forwarded(headers: NodeJS.Dict<string | string[]>): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).filter(
      (entry): entry is [string, string | string[]] =>
        entry[1] !== undefined && !notForwarded.has(entry[0].toLowerCase()),
    ),
  );
}

/** `…/pods/[SCHEME:]NAME[:PORT]/proxy/PATH`, any method. @throws ApiError 404 for the pod, 503 when it doesn't answer. */
export async function servePodProxy(
  store: ObjectStore,
  podProxy: PodProxy,
  namespace: string,
  target: string,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const parts = target.split(":");
  const [scheme, name, port] = parts.length === 3 ? parts : ["", parts[0], parts[1]];
  const pod = store.get<Pod>(kinds.Pod, namespace, name!);
  if (pod === undefined) throw notFound(kinds.Pod, name!);
  let answer: PodProxyResponse;
  try {
    answer = await podProxy({
      pod,
      scheme: scheme === "https" ? "https" : "http",
      port: port || undefined,
      method: request.method ?? "GET",
      path,
      headers: forwarded(request.headers),
      body: request,
      signal: whileOpen(response),
    });
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw new ApiError(
      503,
      "ServiceUnavailable",
      `error trying to reach pod ${namespace}/${target}: ${(error as Error).message}`,
    );
  }
  response.writeHead(answer.status, forwarded(answer.headers));
  if (typeof answer.body === "string" || answer.body instanceof Uint8Array) response.end(answer.body);
  else await pipeline(Readable.from(answer.body), response);
}
