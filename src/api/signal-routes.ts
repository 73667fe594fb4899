import { Type } from "typebox";
import { Problem } from "../model/problem.ts";
import type { SignalsSource } from "../signals/signals-source.ts";
import type { ApiContext } from "./context.ts";
import type { Routes } from "./define-route.ts";
import { readPartRoute, readRoute } from "./read-route.ts";
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
  const series = "Figures of the last minute, and a series of the last ten.";
  readPartRoute(
    routes,
    store,
    "App",
    {
      part: "signals",
      id: "appSignals",
      summary: "Rate, errors, duration and saturation of the app, by caller, callee, revision and cluster",
      answers: { 200: { description: series, schema: AppSignals } },
    },
    async ({ name }) => source().app(name),
  );
  readPartRoute(
    routes,
    store,
    "Cluster",
    {
      part: "signals",
      id: "clusterSignals",
      summary: "Rate, errors, duration and saturation of what arrives in the cluster",
      answers: { 200: { description: series, schema: ClusterSignals } },
    },
    async ({ name }) => source().cluster(name),
  );
  readRoute(
    routes,
    { kind: "App" },
    {
      path: "/api/v1/signals",
      id: "figures",
      summary: "Rate, errors and p99 of every app, as of the background's slow pace",
      answers: { 200: { description: "Figures by app.", schema: Figures } },
    },
    async () => ({ apps: signals?.figures() ?? {} }),
  );
  readRoute(
    routes,
    { kind: "*" },
    {
      path: "/api/v1/signals/metrics",
      id: "istioMetrics",
      summary: "What the proxies count, in Prometheus' text format, with the names of Istio's standard metrics",
      answers: { 200: { description: "Metrics.", schema: Type.String(), type: "text/plain" } },
    },
    async ({ reply }) => reply.type("text/plain; version=0.0.4; charset=utf-8").send(source().metrics()),
  );
}
