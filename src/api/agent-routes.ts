import { once } from "node:events";
import { Type, type Static, type TSchema } from "typebox";
import { require as requireRole } from "../access/mutate.ts";
import { AgentReplaced, type AgentHost } from "../fleet/agent-host.ts";
import { agentHeader, type AgentReport } from "../fleet/agent-protocol.ts";
import { ClaimRefused } from "../fleet/cluster-claims.ts";
import { Problem } from "../model/problem.ts";
import { closed, optional } from "../model/schema.ts";
import type { ApiContext } from "./context.ts";
import type { RouteDescription, RouteRequest, Routes } from "./define-route.ts";
import { NameParams } from "./object-routes.ts";
import { parseBody } from "./parse-query.ts";
import { readText } from "./read-document.ts";

const Keys = Type.Array(Type.String(), { maxItems: 1000 });
const KeysBody = closed({ keys: Keys });
const LedgerEntry = closed({
  key: Type.String(),
  revision: Type.Integer(),
  applied: Type.String(),
  owned: Type.String(),
  made: Type.Boolean(),
});
const LedgerBody = closed({ entries: Type.Array(LedgerEntry, { maxItems: 1000 }) });
const ClaimBody = closed({ uid: Type.String({ minLength: 1, description: "Of the namespace kube-system." }) });
const Count = closed({ ready: Type.Integer(), total: Type.Integer(), reason: optional(Type.String()) });
const Missing = closed({
  from: Type.Integer(),
  to: Type.Integer(),
  apps: optional(Type.Array(Type.String())),
  error: optional(Type.String()),
});
const DriftedField = closed({
  field: Type.String(),
  found: optional(Type.String()),
  wanted: optional(Type.String()),
  managers: optional(Type.Array(Type.String())),
});
const DriftedObject = closed({
  object: Type.String(),
  app: optional(Type.String()),
  deleted: optional(Type.Literal(true)),
  fields: Type.Array(DriftedField),
  more: optional(Type.Integer()),
  managers: Type.Array(Type.String()),
  agoMs: Type.Number({ minimum: 0 }),
  times: optional(Type.Integer()),
  healedAgoMs: optional(Type.Number({ minimum: 0 })),
  waits: optional(Type.String()),
});
const UnhealthyObject = closed({
  object: Type.String(),
  app: optional(Type.String()),
  problem: Type.String(),
  agoMs: Type.Number({ minimum: 0 }),
});
const SeenBody = closed({
  applied: Type.Integer({ minimum: 0 }),
  beyond: optional(closed({ upTo: Type.Integer(), missing: Type.Array(Missing) })),
  ready: Type.Record(Type.String(), Type.Record(Type.String(), Count)),
  ageMs: Type.Union([Type.Number({ minimum: 0 }), Type.Null()]),
  error: optional(Type.String()),
  trouble: optional(Type.String()),
  drift: optional(Type.Array(DriftedObject, { maxItems: 1000 })),
  drifting: optional(Type.Integer()),
  unhealthy: optional(
    closed({ count: Type.Integer({ minimum: 0 }), objects: Type.Array(UnhealthyObject, { maxItems: 1000 }) }),
  ),
});
const Nothing = closed({});
const maxSeenBytes = 16 * 1024 * 1024;

/** What an agent asks of its server (src/fleet/agent-protocol.ts). */
export function agentRoutes(routes: Routes, { agents }: ApiContext): void {
  const hostOf = (request: Pick<RouteRequest<{ name: string }, unknown>, "params" | "principal">): AgentHost => {
    const { name } = request.params;
    requireRole(request.principal, "work", { kind: "Cluster", name });
    const host = agents?.get(name);
    if (host === undefined)
      throw new Problem("not-found", `There is no Cluster ${name} that is reached by an agent.`, {
        found: name,
        accepted: "a Cluster with spec.connection.agent: true",
        subject: `Cluster/${name}`,
      });
    return host;
  };

  /** One request of an agent, with its body. */
  function add<B extends TSchema>(
    route: Pick<RouteDescription, "method" | "id" | "summary"> & { part: string; body?: B; bodyLimit?: number },
    answer: TSchema,
    handle: (host: AgentHost, agent: string, body: Static<B>) => unknown,
  ): void {
    const { part, body, bodyLimit, ...rest } = route;
    routes.add(
      {
        ...rest,
        path: `/api/v1/clusters/:name/agent/${part}`,
        params: NameParams,
        headers: { [agentHeader]: "Which agent of the cluster asks" },
        ...(body !== undefined && { body: { schema: body, types: ["application/json"] } }),
        answers: { 200: { description: "Done.", schema: answer } },
      },
      bodyLimit === undefined ? {} : { bodyLimit },
      async (given) => {
        const host = hostOf(given);
        const { request } = given;
        const agent = agentOf(request.headers);
        const said =
          body === undefined
            ? undefined
            : parseBody(body, readText(String(request.body ?? ""), request.headers["content-type"]));
        try {
          return (await handle(host, agent, said as Static<B>)) ?? {};
        } catch (error) {
          throw problemOf(error);
        }
      },
    );
  }

  routes.add(
    {
      method: "GET",
      path: "/api/v1/clusters/:name/agent/desired",
      id: "agentDesired",
      summary: "What is wanted of a cluster, for its agent: which objects, then which of them change",
      params: NameParams,
      headers: { [agentHeader]: "Which agent of the cluster asks" },
      answers: {
        200: {
          description: "Lines of JSON, until the agent goes.",
          schema: Type.String(),
          type: "application/x-ndjson",
        },
      },
    },
    {},
    async ({ params, principal, request, reply }) => {
      const host = hostOf({ params, principal });
      const agent = agentOf(request.headers);
      reply.hijack();
      const { raw } = reply;
      raw.writeHead(200, { "content-type": "application/x-ndjson; charset=utf-8", "cache-control": "no-store" });
      const stop = new AbortController();
      raw.on("close", () => stop.abort());
      try {
        for await (const message of host.messages(agent, stop.signal))
          if (!raw.write(`${JSON.stringify(message)}\n`)) await once(raw, "drain", { signal: stop.signal });
      } catch (error) {
        if (!stop.signal.aborted) request.log.warn({ err: error }, "an agent's stream ended");
      } finally {
        raw.end();
      }
    },
  );
  add(
    { method: "POST", part: "objects", id: "agentObjects", summary: "Objects that an agent lacks", body: KeysBody },
    Type.Array(Type.Object({}, { additionalProperties: true })),
    (host, agent, { keys }) => host.objects(agent, keys),
  );
  add(
    {
      method: "POST",
      part: "claim",
      id: "agentClaim",
      summary: "Which cluster an agent has found itself in",
      body: ClaimBody,
    },
    Type.Object({}, { additionalProperties: true }),
    (host, agent, { uid }) => host.claim(agent, uid),
  );
  add(
    {
      method: "PUT",
      part: "seen",
      id: "agentSeen",
      summary: "What an agent sees of its cluster",
      body: SeenBody,
      bodyLimit: maxSeenBytes,
    },
    Nothing,
    (host, agent, body) => host.report(agent, body as AgentReport),
  );
  add(
    { method: "GET", part: "ledger", id: "agentLedger", summary: "What has been applied in an agent's cluster" },
    Type.Array(LedgerEntry),
    (host, agent) => host.ledger(agent),
  );
  add(
    { method: "PUT", part: "ledger", id: "agentLedgerPut", summary: "What an agent applies", body: LedgerBody },
    Nothing,
    (host, agent, { entries }) => host.put(agent, entries),
  );
  add(
    {
      method: "POST",
      part: "ledger/remove",
      id: "agentLedgerRemove",
      summary: "What an agent has pruned",
      body: KeysBody,
    },
    Nothing,
    (host, agent, { keys }) => host.remove(agent, keys),
  );
}

function agentOf(headers: Readonly<Record<string, string | string[] | undefined>>): string {
  const agent = headers[agentHeader];
  if (typeof agent === "string" && /^[\w-]{8,64}$/.test(agent)) return agent;
  throw new Problem("bad-request", `The request doesn't say which agent asks.`, {
    field: agentHeader,
    found: agent,
    accepted: "8 to 64 letters, digits, '-' or '_'",
  });
}

function problemOf(error: unknown): unknown {
  if (error instanceof AgentReplaced) return new Problem("agent-replaced", `${error.message}.`, { cause: error });
  if (error instanceof ClaimRefused) return new Problem("cluster-refused", error.message, { cause: error });
  return error;
}
