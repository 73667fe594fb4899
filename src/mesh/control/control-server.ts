import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { FileRegistry } from "@bufbuild/protobuf";
import type { Registry } from "prom-client";
import type { ProxyStream } from "../xds/proxy-stream.ts";
import { acknowledged } from "./acknowledged.ts";
import type { ObjectLog } from "./acknowledged.ts";
import type { Disconnected } from "./disconnected.ts";
import { resourceJson } from "./envoy-registry.ts";
import { parseQuery, QueryError } from "./acknowledged-query.ts";
import { explainAnswer } from "./explain-answer.ts";
import { parseExplainQuery } from "./explain-query.ts";
import { proxyConfig, proxyView } from "./proxy-view.ts";
import { TrialsBusy, type Trials } from "./trial.ts";
import { parseTrialQuery } from "./trial-query.ts";

export interface ControlOptions {
  proxies: { proxy(id: string): ProxyStream | undefined; proxies(): Iterable<ProxyStream> };
  objects: ObjectLog;
  disconnected: () => Disconnected[];
  /** What `/healthz` says; `ok` decides between 200 and 503. */
  health: () => { ok: boolean } & Record<string, unknown>;
  /** What `/ratelimit` says. */
  rateLimit: () => unknown;
  trials: Pick<Trials, "run">;
  metrics: Registry;
  registry: () => FileRegistry;
  /** First part of the proxies' identities. */
  trustDomain: string;
}

const largestBody = 1024 * 1024;
const largestTrial = 8 * largestBody;

/**
 * The mesh process's face to the rest of Quipu (on a Unix socket; whoever may open it may ask):
 * `GET /healthz`, `/proxies`, `/proxies/ID`, `/proxies/ID/config[?format=json]`, `/metrics`, `/ratelimit`; `POST /acknowledged`, `/explain`, `/trial`.
 */
export function controlServer(options: ControlOptions): Server {
  return createServer((request, response) => {
    void answer(options, request, response).catch((error: unknown) => {
      if (response.headersSent) {
        response.destroy();
        return;
      }
      const known = error instanceof QueryError;
      const busy = error instanceof TrialsBusy;
      send(response, known ? 400 : busy ? 503 : 500, {
        code: known || busy ? error.code : "mesh/internal",
        detail: error instanceof Error ? error.message : String(error),
        ...(known && { field: error.field, accepted: error.accepted }),
      });
    });
  });
}

async function answer(options: ControlOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", "http://mesh");
  const path = url.pathname.split("/").slice(1).map(decodeURIComponent);
  const route = `${request.method} /${path[0]}${path.length > 1 ? "/ID" : ""}${path.length > 2 ? `/${path.slice(2).join("/")}` : ""}`;
  switch (route) {
    case "GET /healthz": {
      const health = options.health();
      return send(response, health.ok ? 200 : 503, health);
    }
    case "GET /proxies":
      return send(response, 200, { proxies: [...options.proxies.proxies()].map((stream) => proxyView(stream, false)) });
    case "GET /proxies/ID":
    case "GET /proxies/ID/config": {
      const stream = options.proxies.proxy(path[1]!);
      if (!stream)
        return send(response, 404, {
          code: "mesh/unknown-proxy",
          detail: `no proxy ${path[1]} is connected`,
          found: path[1],
        });
      if (path.length === 2) return send(response, 200, proxyView(stream, true));
      return send(
        response,
        200,
        configOf(stream, url.searchParams.get("format") === "json" ? options.registry() : undefined),
      );
    }
    case "POST /acknowledged":
      return send(
        response,
        200,
        acknowledged(
          parseQuery(await readBody(request)),
          options.objects,
          options.proxies.proxies(),
          options.disconnected(),
        ),
      );
    case "POST /explain": {
      const query = parseExplainQuery(await readBody(request));
      const explanation = explainAnswer(query, options.proxies.proxies(), options.trustDomain);
      if (explanation === undefined)
        return send(response, 404, {
          code: "mesh/unknown-proxy",
          detail: `no proxy of ${query.from.serviceAccount}.${query.from.namespace} is connected`,
          found: query.from,
        });
      return send(response, 200, explanation);
    }
    case "POST /trial": {
      const query = parseTrialQuery(await readBody(request, largestTrial));
      const gone = new AbortController();
      response.once("close", () => gone.abort(new Error("whoever asked for the trial is gone")));
      return send(response, 200, await options.trials.run(query, gone.signal));
    }
    case "GET /metrics":
      response.writeHead(200, { "content-type": options.metrics.contentType }).end(await options.metrics.metrics());
      return;
    case "GET /ratelimit":
      return send(response, 200, options.rateLimit());
    default:
      return send(response, 404, {
        code: "mesh/not-found",
        detail: `nothing answers ${request.method} ${url.pathname}`,
      });
  }
}

/** What a proxy is to have: encoded (base64 of the message without its Any), or as Envoy's JSON when a registry is given. */
function configOf(stream: ProxyStream, registry: FileRegistry | undefined): unknown {
  const resources = proxyConfig(stream).map(({ resource, acknowledged: held }) => ({
    type: resource.type,
    name: resource.name,
    version: resource.version,
    acknowledged: held === resource.version,
    ...(registry
      ? { resource: resourceJson(resource, registry) }
      : { bytes: Buffer.from(resource.bytes).toString("base64") }),
  }));
  return { proxy: proxyView(stream, false), resources };
}

async function readBody(request: IncomingMessage, largest = largestBody): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > largest) throw new QueryError("", `a body above ${largest} bytes`, "a smaller query");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
