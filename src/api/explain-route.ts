import { Type } from "typebox";
import { require as requireRole } from "../access/mutate.ts";
import { appObject } from "../release/app-object.ts";
import { Problem } from "../model/problem.ts";
import { closed, optional } from "../model/schema.ts";
import type { ApiContext } from "./context.ts";
import type { Routes } from "./define-route.ts";
import { parseState, stateNames } from "./explain-state.ts";
import { parseBody } from "./parse-query.ts";
import { maxBodyBytes, readText } from "./read-document.ts";

const Texts = (description: string) =>
  Type.Unsafe<Record<string, string>>({ type: "object", additionalProperties: { type: "string" }, description });
const ExplainBody = closed({
  from: Type.String({ minLength: 1, description: "The calling app." }),
  url: Type.String({
    minLength: 1,
    maxLength: 8000,
    description: "What it calls: http://catalog.food/items, or tcp://ledger.money:5432.",
  }),
  method: optional(
    Type.String({ pattern: "^[A-Z]{1,20}$", "x-expects": "an HTTP method in upper case", description: "Default GET." }),
  ),
  headers: optional(Texts("Request headers.")),
  cluster: optional(Type.String({ description: "Where the caller runs. Default: its first cluster." })),
  state: optional(Texts(`What the configuration can't say, by name: ${stateNames}.`)),
});

const Outcome = Type.Object({
  status: Type.Integer({
    description:
      "What the caller gets; 0: no answer, the connection is closed. For TCP, 200 means that the app is reached.",
  }),
  flag: optional(Type.String({ description: "Envoy's response flag, such as UT, UO, UH." })),
  by: Type.String({ description: "Who answers: a proxy (service account.namespace), or the app of one." }),
  rule: optional(Type.String({ description: "The rule that decides." })),
  object: optional(Type.String({ description: "The Istio object that the rule comes from: Kind/namespace/name." })),
  cluster: optional(Type.String({ description: "The caller's Envoy cluster that it went through." })),
  reason: Type.String({ description: "One sentence for people." }),
});
const Steps = Type.Array(
  Type.Object({
    proxy: Type.String(),
    what: Type.String(),
    rule: Type.String(),
    object: optional(Type.String()),
    detail: Type.String(),
  }),
  { description: "What the request meets, in order." },
);
const Explanation = Type.Object({
  cluster: Type.String(),
  proxy: Type.String({ description: "The caller's proxy that was looked at." }),
  outcome: Outcome,
  steps: Steps,
  alternatives: Type.Array(
    Type.Object({ chance: Type.Number({ description: "Of 1." }), outcome: Outcome, steps: Steps }),
    { description: "All ways with different outcomes, likeliest first." },
  ),
  unknown: Type.Array(Type.String(), { description: "What couldn't be told." }),
});

export function explainRoute(routes: Routes, { store, clusters, explain }: ApiContext): void {
  /** The address of some ready replica of the app that a host names (`catalog.food`), for a call past the caller's sidecar. */
  async function replicaOf(cluster: string, target: URL, segment: string): Promise<{ address: string; port: number }> {
    const [app = "", namespace = segment] = target.hostname.split(".");
    const [instance] = ((await clusters.get(cluster)?.instances(namespace, app)) ?? []).filter(
      ({ state, ip }) => state === "ready" && ip !== undefined,
    );
    if (instance?.ip === undefined)
      throw new Problem("not-found", `${target.hostname} names no app with a ready replica in ${cluster}.`, {
        field: "url",
        found: target.hostname,
        accepted: "APP.SEGMENT, or state.direct with an address",
      });
    const [first] = store.inForce().rosters.get(app)?.value.ports ?? [];
    return {
      address: instance.ip,
      port: target.port === "" || target.port === "80" ? (first?.port ?? 80) : Number(target.port),
    };
  }

  routes.add(
    {
      method: "POST",
      path: "/api/v1/explain",
      id: "explain",
      summary:
        "What happens to one request from an app: which routes, limits, endpoints and rules it meets. Nothing is sent",
      body: { schema: ExplainBody, types: ["application/json", "application/yaml"] },
      answers: {
        200: {
          description: "The likeliest outcome, the rule that decides, the way there, and other ways.",
          schema: Explanation,
        },
      },
    },
    { bodyLimit: maxBodyBytes },
    async ({ principal, request }) => {
      const body = parseBody(ExplainBody, readText(String(request.body ?? ""), request.headers["content-type"]));
      requireRole(principal, "read", { kind: "App", name: body.from });
      const app = await store.read((tx) => appObject(tx, body.from, { field: "from" }));
      const url = body.url.includes("://") ? body.url : `http://${body.url}`;
      if (!/^(https?|tcp):\/\/[^/]/.test(url) || !URL.canParse(url))
        throw new Problem("bad-format", `${body.url} isn't a URL that an app could call.`, {
          field: "url",
          found: body.url,
          accepted: "http://HOST[:PORT]/PATH, https://… or tcp://HOST:PORT",
          status: 400,
        });
      const { via, direct, stated } = parseState(body.state ?? {});
      const homes = [...store.inForce().lanes].filter(([, lanes]) => lanes.has(body.from)).map(([cluster]) => cluster);
      const cluster = body.cluster ?? homes[0];
      if (cluster === undefined || !homes.includes(cluster)) {
        throw new Problem(
          "not-found",
          homes.length === 0 ? `${body.from} runs in no cluster.` : `${body.from} doesn't run in ${body.cluster!}.`,
          {
            field: "cluster",
            found: body.cluster,
            ...(homes.length > 0 && { accepted: homes.join(", ") }),
            subject: `App/${body.from}`,
          },
        );
      }
      const segment = String(app.body.spec.segment);
      const answer = await explain?.(cluster, {
        from: { namespace: segment, serviceAccount: body.from },
        url,
        via,
        stated,
        ...(body.method !== undefined && { method: body.method }),
        ...(body.headers !== undefined && { headers: body.headers }),
        ...(direct !== false && { direct: direct === true ? await replicaOf(cluster, new URL(url), segment) : direct }),
      });
      if (answer === undefined)
        throw new Problem("cluster-unreachable", `The mesh of ${cluster} doesn't answer.`, { found: cluster });
      if (answer.status === 404)
        throw new Problem("not-found", `No proxy of ${body.from} is connected to the mesh of ${cluster}.`, {
          field: "from",
          found: body.from,
          accepted: "an app with a running replica there",
          subject: `App/${body.from}`,
        });
      if (answer.status !== 200)
        throw new Problem(
          "bad-request",
          (answer.body as { detail?: string }).detail ?? `the mesh of ${cluster} answered ${answer.status}`,
        );
      return { cluster, ...(answer.body as object) };
    },
  );
}
