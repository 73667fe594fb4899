import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Static, TSchema } from "typebox";
import type { Principal } from "../access/grants.ts";
import { Problem } from "../model/problem.ts";
import { parseFields } from "./parse-query.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Set before any handler of a route that isn't `open`. */
    principal: Principal;
  }
  interface FastifyContextConfig {
    open?: boolean;
  }
}

/** A route as OpenAPI tells it. */
export interface RouteDescription {
  method: "GET" | "PUT" | "POST" | "DELETE";
  /** With parameters as `:name`. */
  path: string;
  id: string;
  summary: string;
  params?: TSchema;
  query?: TSchema;
  /** Name of a schema below components, or a schema. */
  body?: { schema: TSchema | string; types: readonly string[] };
  /** By status: what is answered. */
  answers: Record<number, { description: string; schema?: TSchema | string; type?: string }>;
  headers?: Record<string, string>;
  /** Needs no credential. */
  open?: boolean;
}

export interface RouteRequest<P, Q> {
  params: P;
  query: Q;
  request: FastifyRequest;
  reply: FastifyReply;
  principal: Principal;
}

/** Every route goes through here, so that each is in the OpenAPI document and none has a query that nobody checks. */
export class Routes {
  readonly #app: FastifyInstance;
  readonly descriptions: RouteDescription[] = [];
  constructor(app: FastifyInstance) {
    this.#app = app;
  }

  add<P extends TSchema = TSchema, Q extends TSchema = TSchema>(
    route: RouteDescription & { params?: P; query?: Q },
    options: { bodyLimit?: number },
    handle: (request: RouteRequest<Static<P>, Static<Q>>) => Promise<unknown>,
  ): void {
    this.descriptions.push(route);
    this.#app.route({
      method: route.method,
      url: route.path,
      config: { open: route.open === true },
      exposeHeadRoute: route.method === "GET",
      ...options,
      handler: async (request, reply) => {
        if (route.body === undefined) refuseBody(request.body);
        return handle({
          params: request.params as Static<P>,
          query:
            route.query === undefined
              ? (parseFields(empty, request.query) as Static<Q>)
              : parseFields(route.query, request.query),
          request,
          reply,
          principal: request.principal,
        });
      },
    });
  }
}

/** What nobody reads would be lost in silence. An empty document is what some clients send in place of nothing. */
function refuseBody(body: unknown): void {
  if (typeof body !== "string" || /^\s*(\{\s*\})?\s*$/.test(body)) return;
  throw new Problem("bad-format", "This request takes no body.", {
    field: "body",
    found: body.length > 80 ? `${body.slice(0, 80)}…` : body,
    accepted: "no body; what can be said goes into the query, a reason for one as ?why=TEXT",
    status: 400,
  });
}

const empty = { type: "object", properties: {}, additionalProperties: false } as unknown as TSchema;
