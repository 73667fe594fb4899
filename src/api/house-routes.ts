import { collectDefaultMetrics, Gauge, Registry } from "prom-client";
import { Type } from "typebox";
import { closed, optional } from "../model/schema.ts";
import type { ApiContext } from "./context.ts";
import type { Routes } from "./define-route.ts";
import { openApi } from "./openapi.ts";
import { readRoute } from "./read-route.ts";

const AuditFields = closed({
  subject: optional(Type.String({ description: "Only of this object, such as App/checkout." })),
  after: optional(Type.Integer({ minimum: 0, description: "Entries after this number." })),
  limit: optional(Type.Integer({ minimum: 1, maximum: 1000 })),
});
const State = Type.Object({ status: Type.String() }, { additionalProperties: true });

/** What looks after the server itself: health, metrics, the audit trail, the document of all routes. */
export function houseRoutes(routes: Routes, { store, notReady, now }: ApiContext): void {
  readRoute(
    routes,
    "everybody",
    {
      path: "/healthz",
      id: "healthz",
      summary: "Whether the process is alive",
      answers: { 200: { description: "It is.", schema: State } },
    },
    async () => ({ status: "ok" }),
  );
  readRoute(
    routes,
    "everybody",
    {
      path: "/readyz",
      id: "readyz",
      summary: "Whether the server can do its work",
      answers: {
        200: { description: "It can.", schema: State },
        503: { description: "Not yet, and why.", schema: State },
      },
    },
    async ({ reply }) => {
      const reasons = [...(store.failure === undefined ? [] : [store.failure.message]), ...notReady()];
      if (reasons.length > 0) reply.code(503);
      return reasons.length === 0 ? { status: "ready" } : { status: "not ready", reasons };
    },
  );
  readRoute(
    routes,
    "everybody",
    {
      path: "/openapi.json",
      id: "openapi",
      summary: "This document",
      answers: { 200: { description: "OpenAPI 3.1.", schema: Type.Object({}, { additionalProperties: true }) } },
    },
    async ({ reply }) => reply.type("application/json").send(JSON.stringify(openApi(routes.descriptions))),
  );
  readRoute(
    routes,
    { kind: "*", action: "audit" },
    {
      path: "/api/v1/audit",
      id: "audit",
      summary: "Who changed what, oldest first; each entry holds the hash of the one before",
      query: AuditFields,
      answers: {
        200: {
          description: "Entries.",
          schema: Type.Object({ items: Type.Array(Type.Object({}, { additionalProperties: true })) }),
        },
      },
    },
    async ({ query }) => {
      return { items: await store.read((tx) => tx.audit(query)) };
    },
  );

  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: "quipu_store_revision",
    help: "Revision of the newest write to what is in force.",
    registers: [registry],
    collect() {
      this.set(store.inForce().revision);
    },
  });
  new Gauge({
    name: "quipu_apps_in_force",
    help: "Apps of which something is in force.",
    registers: [registry],
    collect() {
      this.set(store.inForce().rosters.size);
    },
  });
  new Gauge({
    name: "quipu_cluster_applied_revision",
    help: "Revision that the cluster's worker has applied wholly.",
    labelNames: ["cluster"],
    registers: [registry],
    collect() {
      for (const seen of store.seen().values()) this.set({ cluster: seen.cluster }, seen.applied);
    },
  });
  new Gauge({
    name: "quipu_cluster_seen_age_seconds",
    help: "Time since the cluster was last seen.",
    labelNames: ["cluster"],
    registers: [registry],
    collect() {
      for (const seen of store.seen().values())
        this.set({ cluster: seen.cluster }, Math.max(0, now() - seen.at) / 1000);
    },
  });
  new Gauge({
    name: "quipu_cluster_drifting_objects",
    help: "Objects that were changed by hand and aren't put right, because healing is paused or can't be done.",
    labelNames: ["cluster"],
    registers: [registry],
    collect() {
      for (const seen of store.seen().values()) this.set({ cluster: seen.cluster }, seen.drifting ?? 0);
    },
  });
  new Gauge({
    name: "quipu_cluster_unhealthy_objects",
    help: "Objects that are as they were applied, and not well by their own status, pods apart.",
    labelNames: ["cluster"],
    registers: [registry],
    collect() {
      for (const seen of store.seen().values()) this.set({ cluster: seen.cluster }, seen.unhealthy?.count ?? 0);
    },
  });
  readRoute(
    routes,
    { kind: "*" },
    {
      path: "/metrics",
      id: "metrics",
      summary: "The server's own metrics, in Prometheus' text format",
      answers: { 200: { description: "Metrics.", schema: Type.String(), type: "text/plain" } },
    },
    async ({ reply }) => {
      return reply.type(registry.contentType).send(await registry.metrics());
    },
  );
}
