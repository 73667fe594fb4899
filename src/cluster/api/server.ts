import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { gzip } from "node:zlib";
import { stringify } from "yaml";
import { kinds } from "../../objects/kinds.ts";
import { ApiError } from "./api-error.ts";
import { authenticate, type Auth } from "./authentication.ts";
import { demand } from "./authorization.ts";
import { aggregatedType, wantsAggregated } from "./discovery.ts";
import { document, type Version } from "./documents.ts";
import { ListPages } from "./list-pages.ts";
import type { ObjectStore } from "./object-store.ts";
import { servePodLog, servePodProxy, type PodLogs, type PodProxy } from "./pod-requests.ts";
import { mediaType, parseBody, readBody } from "./request-body.ts";
import { groupOf, parseResourcePath, unknownPath, type ResourcePath } from "./request-path.ts";
import { flagOf, methodNotAllowed, numberOf, selectionOf, serveResource, type Answer } from "./resource-requests.ts";
import { review, tokenRequest } from "./reviews.ts";
import { table, wantsTable, type IncludeObject } from "./tables.ts";
import { streamWatch } from "./watch-stream.ts";

export interface ApiServerOptions {
  store: ObjectStore;
  /** PEM. `ca` signs client certificates that are accepted. */
  tls: { key: string; cert: string; ca: string };
  auth: Auth;
  podLogs: PodLogs;
  podProxy: PodProxy;
  version: Version;
  /** `POST /quipu/shutdown?pods=stop`: answered once it has resolved. */
  shutdown?: (stopPods: boolean) => Promise<void>;
  now?: () => Date;
  /** Errors that are no answer to a client: bugs. Default: written to stderr. */
  onError?: (error: unknown) => void;
}
export interface ApiServer {
  /** Resolves when it listens; port 0 picks a free one. */
  listen(host: string, port: number): Promise<AddressInfo>;
  /** Ends watches and connections. The store stays open. */
  close(): Promise<void>;
}

const verbs: Readonly<Record<string, string>> = { POST: "create", PUT: "update", PATCH: "patch", DELETE: "delete" };

/** The Kubernetes API of an embedded cluster over TLS, good enough for an unmodified kubectl. */
export function createApiServer({
  store,
  tls,
  auth,
  podLogs,
  podProxy,
  version,
  shutdown,
  now = () => new Date(),
  onError = (error) => console.error(error),
}: ApiServerOptions): ApiServer {
  const stopping = new AbortController();
  const pages = new ListPages(now);
  const sockets = new Set<Socket>();

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "https://cluster");
    const { pathname, searchParams: query } = url;
    const method = request.method ?? "GET";
    const user = await authenticate(auth, request);
    const path = /^\/apis?\//.test(pathname) ? virtualOr(pathname, () => parseResourcePath(pathname)) : undefined;
    if (path === undefined) {
      const [, group, resource] = /^\/apis\/([^/]+)\/v1\/([^/]+)$/.exec(pathname) ?? [];
      demand(
        user,
        resource !== undefined && method === "POST"
          ? { verb: "create", group: group!, resource }
          : { verb: method === "GET" || method === "HEAD" ? "get" : method.toLowerCase(), path: pathname },
      );
      if (method === "POST" && pathname === "/quipu/shutdown" && shutdown !== undefined) {
        await shutdown(query.get("pods") === "stop");
        return send(request, response, {
          code: 200,
          body: { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success" },
        });
      }
      if (method === "POST") {
        const body = parseBody(await readBody(request), mediaType(request));
        const answer = await review(pathname, body, user, auth);
        if (answer === undefined) throw unknownPath();
        return send(request, response, { code: 201, body: answer });
      }
      if (method !== "GET" && method !== "HEAD") throw methodNotAllowed();
      return serveDocument(pathname, request, response);
    }
    const watch = flagOf(query, "watch") && method === "GET";
    const { kind, namespace, name, subresource } = path;
    demand(user, {
      verb:
        method === "GET" || method === "HEAD"
          ? watch
            ? "watch"
            : name === undefined
              ? "list"
              : "get"
          : method === "DELETE" && name === undefined
            ? "deletecollection"
            : (verbs[method] ?? method.toLowerCase()),
      group: groupOf(kind),
      resource: kind.plural,
      ...(subresource === undefined ? {} : { subresource }),
      ...(namespace === undefined ? {} : { namespace }),
      ...(name === undefined ? {} : { name }),
    });
    if (kind === kinds.Pod && name !== undefined && subresource === "log" && method === "GET")
      return servePodLog(store, podLogs, namespace!, name, query, response);
    if (kind === kinds.Pod && name !== undefined && subresource === "proxy")
      return servePodProxy(store, podProxy, namespace!, name, `/${path.rest}${url.search}`, request, response);
    if (kind === kinds.ServiceAccount && name !== undefined && subresource === "token" && method === "POST") {
      return send(request, response, {
        code: 201,
        body: await tokenRequest(store, auth, namespace!, name, parseBody(await readBody(request), mediaType(request))),
      });
    }
    const asTable = wantsTable(request.headers.accept);
    const includeObject = (query.get("includeObject") ?? "Metadata") as IncludeObject;
    if (watch) {
      return streamWatch(
        store,
        {
          kind,
          selection: selectionOf({ path, query, request }),
          resourceVersion: query.get("resourceVersion") || undefined,
          allowWatchBookmarks: flagOf(query, "allowWatchBookmarks"),
          sendInitialEvents: flagOf(query, "sendInitialEvents"),
          timeoutSeconds: numberOf(query, "timeoutSeconds"),
          asTable,
          includeObject,
        },
        response,
        now,
        stopping.signal,
      );
    }
    const answer = await serveResource(store, pages, { path, query, request });
    send(
      request,
      response,
      asTable && method === "GET" && subresource !== "scale" ? tabled(path, answer, includeObject) : answer,
    );
  }

  function tabled({ kind }: ResourcePath, answer: Answer, includeObject: IncludeObject): Answer {
    const body = answer.body as { items?: never[]; metadata: { resourceVersion?: string } };
    const metadata = answer.list
      ? (body.metadata as Record<string, unknown>)
      : { resourceVersion: body.metadata.resourceVersion };
    return {
      ...answer,
      body: table(kind, answer.list ? body.items! : [answer.body as never], metadata, now(), includeObject),
    };
  }

  function serveDocument(pathname: string, request: IncomingMessage, response: ServerResponse): void {
    if (/^\/(healthz|livez|readyz)(\/.*)?$/.test(pathname)) {
      response.writeHead(200, { "content-type": "text/plain" }).end("ok");
      return;
    }
    const aggregated = wantsAggregated(request.headers.accept);
    const { localAddress, localPort } = request.socket;
    const body = document(pathname, {
      version,
      tokens: auth.podTokens,
      address: `${localAddress}:${localPort}`,
      aggregated,
    });
    if (body === undefined) throw unknownPath();
    send(
      request,
      response,
      { code: 200, body },
      aggregated && /^\/apis?\/?$/.test(pathname) ? aggregatedType : undefined,
    );
  }

  function send(
    request: IncomingMessage,
    response: ServerResponse,
    { code, body, warnings }: Answer,
    type = "application/json",
  ): void {
    const yaml = /^\s*application\/yaml/.test(request.headers.accept ?? "");
    const bytes = Buffer.from(yaml ? stringify(body) : `${JSON.stringify(body)}\n`);
    const headers: Record<string, string | string[]> = {
      "content-type": yaml ? "application/yaml" : type,
      "cache-control": "no-cache, private",
    };
    if (warnings !== undefined && warnings.length > 0)
      headers["warning"] = warnings.map(
        (warning) => `299 - ${JSON.stringify(warning.replaceAll(/[^\x20-\x7e]/g, "?"))}`,
      );
    // Small answers aren't worth it, and a kube-apiserver draws the same line.
    if (bytes.length > 128 * 1024 && /\bgzip\b/.test(request.headers["accept-encoding"] ?? "")) {
      gzip(bytes, { level: 1 }, (error, packed) => {
        if (error) response.destroy(error);
        else
          response
            .writeHead(code, { ...headers, "content-encoding": "gzip", "content-length": packed.length })
            .end(packed);
      });
      return;
    }
    response
      .writeHead(code, { ...headers, "content-length": bytes.length })
      .end(request.method === "HEAD" ? undefined : bytes);
  }

  function fail(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    if (response.headersSent) {
      response.destroy();
      return;
    }
    let refusal: ApiError;
    if (error instanceof ApiError) refusal = error;
    else {
      onError(error);
      refusal = new ApiError(500, "InternalError", `Internal error occurred: ${(error as Error).message}`, {
        causes: [{ reason: "", message: (error as Error).message }],
      });
    }
    // What is left of a refused body is not read: the connection can't be used again.
    if (!request.complete) response.setHeader("connection", "close");
    if (refusal.details?.retryAfterSeconds !== undefined)
      response.setHeader("retry-after", refusal.details.retryAfterSeconds);
    send(request, response, { code: refusal.code, body: refusal.toStatus() });
  }

  const server = createServer(
    { key: tls.key, cert: tls.cert, ca: tls.ca, requestCert: true, rejectUnauthorized: false, minVersion: "TLSv1.2" },
    (request, response) => {
      response.on("error", () => response.destroy());
      respond(request, response).catch((error: unknown) => fail(request, response, error));
    },
  );
  server.keepAliveTimeout = 90_000;
  server.requestTimeout = 0;
  server.on("secureConnection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  // Beside those, there are connections in the middle of their handshake: nobody else would end them.
  const connections = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    connections.add(socket);
    socket.once("close", () => connections.delete(socket));
  });
  // A store's Events grow old without anybody writing.
  const expiry = setInterval(() => {
    try {
      store.expire();
    } catch (error) {
      onError(error);
    }
  }, 60_000);
  expiry.unref();

  return {
    async listen(host, port) {
      server.listen(port, host);
      await once(server, "listening");
      return server.address() as AddressInfo;
    },
    async close() {
      clearInterval(expiry);
      stopping.abort();
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroySoon();
      server.closeAllConnections();
      const last = setTimeout(() => {
        for (const socket of connections) socket.destroy();
      }, 200);
      await closed;
      clearTimeout(last);
    },
  };
}

/** The review resources live below /apis too, but nothing of them is stored. */
function virtualOr<T>(pathname: string, parse: () => T): T | undefined {
  return /^\/apis\/(authentication|authorization)\.k8s\.io\/v1\/[a-z]+$/.test(pathname) ? undefined : parse();
}
