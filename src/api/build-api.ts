import Fastify, { LogController, type FastifyInstance } from "fastify";
import { Problem } from "../model/problem.ts";
import { agentEnrolment } from "./agent-enrolment.ts";
import { agentRoutes } from "./agent-routes.ts";
import { appRoutes } from "./app-routes.ts";
import { planRoute } from "./plan-route.ts";
import { releaseRoutes } from "./release-routes.ts";
import { artifactRoutes } from "./artifact-routes.ts";
import { authenticate } from "./authenticate.ts";
import { clusterRoutes } from "./cluster-routes.ts";
import type { ApiContext } from "./context.ts";
import { Routes } from "./define-route.ts";
import { eventRoute } from "./event-route.ts";
import { fleetReleaseRoutes } from "./fleet-release-routes.ts";
import { explainRoute } from "./explain-route.ts";
import { houseRoutes } from "./house-routes.ts";
import { ingressRoute } from "./ingress-route.ts";
import { instanceRoutes } from "./instance-routes.ts";
import { objectRoutes } from "./object-routes.ts";
import { sendProblems } from "./problem-answer.ts";
import { maxBodyBytes } from "./read-document.ts";
import { sessionRoutes } from "./session-routes.ts";
import { signalRoutes } from "./signal-routes.ts";
import { webFiles } from "./web-files.ts";

const securityHeaders = {
  "content-security-policy":
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "x-frame-options": "DENY",
};

/** The HTTP API and the web UI, not listening yet. */
export async function buildApi(context: ApiContext): Promise<{ app: FastifyInstance; routes: Routes }> {
  const app = Fastify({
    loggerInstance: context.log as never,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: maxBodyBytes,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 500 },
    genReqId: () => crypto.randomUUID(),
  }) as unknown as FastifyInstance;
  const routes = new Routes(app);

  // Bodies stay text: whoever reads one knows its schema, and tells line and column.
  app.removeAllContentTypeParsers();
  const asText = ["application/json", "application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml"];
  app.addContentTypeParser(asText, { parseAs: "string" }, (_, body, done) => done(null, body));
  app.addContentTypeParser(["application/x-tar", "application/octet-stream"], (_, payload, done) =>
    done(null, payload),
  );

  app.addHook("onRequest", async (request, reply) => {
    reply.headers(securityHeaders);
    // fastify-static's own routes carry no `open`; they are the web UI, which is public.
    const { config, url } = request.routeOptions;
    if (url === undefined || config.open === true || !(url.startsWith("/api/") || url === "/metrics")) return;
    request.principal = await authenticate(request, context.store, context.now());
  });
  app.addHook("onResponse", async (request, reply) => {
    request.log.debug(
      {
        method: request.method,
        url: request.url,
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
        who: request.principal?.name,
      },
      "request",
    );
  });
  app.setErrorHandler((error, request, reply) => sendProblems(error, request, reply));

  objectRoutes(routes, context);
  appRoutes(routes, context);
  releaseRoutes(routes, context);
  fleetReleaseRoutes(routes, context);
  planRoute(routes, context);
  artifactRoutes(routes, context);
  clusterRoutes(routes, context);
  agentEnrolment(routes, context);
  agentRoutes(routes, context);
  instanceRoutes(routes, context);
  ingressRoute(routes, context);
  signalRoutes(routes, context);
  explainRoute(routes, context);
  sessionRoutes(routes, context);
  eventRoute(routes, context);
  houseRoutes(routes, context);

  const isPage = await webFiles(app, context.webRoot);
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split("?")[0]!;
    const allowed = methodsOf(routes, path);
    if (allowed.length > 0) {
      reply.header("allow", allowed.join(", "));
      return sendProblems(
        new Problem("method-not-allowed", `${path} doesn't take ${request.method}.`, {
          found: request.method,
          accepted: allowed.join(", "),
        }),
        request,
        reply,
      );
    }
    if (request.method === "GET" && isPage(path)) return reply.sendFile("index.html", { cacheControl: false });
    return sendProblems(
      new Problem("unknown-route", `There is no ${path}.`, { found: path, accepted: "a path of /openapi.json" }),
      request,
      reply,
    );
  });
  await app.ready();
  return { app, routes };
}

/** Methods that the path takes. */
function methodsOf(routes: Routes, path: string): string[] {
  const found = routes.descriptions
    .filter((route) => new RegExp(`^${route.path.replaceAll(".", "\\.").replace(/:\w+/g, "[^/]+")}$`).test(path))
    .map((route) => route.method);
  return found.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]));
}
