import { Type } from "typebox";
import { require as requireRole } from "../access/mutate.ts";
import { Problem } from "../model/problem.ts";
import type { SignalsSource } from "../signals/signals-source.ts";
import type { ApiContext } from "./context.ts";
import type { Routes } from "./define-route.ts";
import { NameParams } from "./object-routes.ts";
import { AppSignals, ClusterSignals, Figures } from "./signal-schemas.ts";

/** Golden signals. Asking for an app or a cluster makes its proxies be looked at often for half a minute. */
export function signalRoutes(routes: Routes, { store, signals }: ApiContext): void {
  const source = (): SignalsSource => {
    if (signals === undefined)
      throw new Problem("not-found", "This server has no source of signals.", {
        accepted: "a server that looks after clusters",
      });
    return signals;
  };
  routes.add(
    {
      method: "GET",
      path: "/api/v1/apps/:name/signals",
      id: "appSignals",
      summary: "Rate, errors, duration and saturation of the app, by caller, callee, revision and cluster",
      params: NameParams,
      answers: {
        200: { description: "Figures of the last minute, and a series of the last ten.", schema: AppSignals },
      },
    },
    {},
    async ({ params, principal }) => {
      requireRole(principal, "read", { kind: "App", name: params.name });
      if ((await store.read((tx) => tx.get("App", params.name))) === undefined)
        throw new Problem("not-found", `There is no App ${params.name}.`, {
          found: params.name,
          subject: `App/${params.name}`,
        });
      return source().app(params.name);
    },
  );
  routes.add(
    {
      method: "GET",
      path: "/api/v1/clusters/:name/signals",
      id: "clusterSignals",
      summary: "Rate, errors, duration and saturation of what arrives in the cluster",
      params: NameParams,
      answers: {
        200: { description: "Figures of the last minute, and a series of the last ten.", schema: ClusterSignals },
      },
    },
    {},
    async ({ params, principal }) => {
      requireRole(principal, "read", { kind: "Cluster", name: params.name });
      if ((await store.read((tx) => tx.get("Cluster", params.name))) === undefined)
        throw new Problem("not-found", `There is no Cluster ${params.name}.`, {
          found: params.name,
          subject: `Cluster/${params.name}`,
        });
      return source().cluster(params.name);
    },
  );
  routes.add(
    {
      method: "GET",
      path: "/api/v1/signals",
      id: "figures",
      summary: "Rate, errors and p99 of every app, as of the background's slow pace",
      answers: { 200: { description: "Figures by app.", schema: Figures } },
    },
    {},
    async ({ principal }) => {
      requireRole(principal, "read", { kind: "App" });
      return { apps: signals?.figures() ?? {} };
    },
  );
  routes.add(
    {
      method: "GET",
      path: "/api/v1/signals/metrics",
      id: "istioMetrics",
      summary: "What the proxies count, in Prometheus' text format, with the names of Istio's standard metrics",
      answers: { 200: { description: "Metrics.", schema: Type.String(), type: "text/plain" } },
    },
    {},
    async ({ principal, reply }) => {
      requireRole(principal, "read", { kind: "*" });
      return reply.type("text/plain; version=0.0.4; charset=utf-8").send(source().metrics());
    },
  );
}
