import { Type } from "typebox";
import type { Instance } from "../fleet/pod-instance.ts";
import { optional } from "../model/schema.ts";
import { rulesInForce } from "../release/rules-in-force.ts";
import { callerLimits } from "./caller-limits.ts";
import type { ApiContext } from "./context.ts";
import type { Routes } from "./define-route.ts";
import { readPartRoute } from "./read-route.ts";

const Instances = Type.Object({
  app: Type.String(),
  instances: Type.Array(
    Type.Object({
      cluster: Type.String(),
      pod: Type.String(),
      revision: Type.String(),
      state: Type.Unsafe<Instance["state"]>({ enum: ["ready", "not ready", "starting", "stopping", "ended"] }),
      reason: optional(Type.String({ description: "Why it isn't ready." })),
      restarts: Type.Integer(),
      startedAt: optional(Type.String()),
      ip: optional(Type.String()),
    }),
  ),
  unreachable: Type.Array(Type.Object({ cluster: Type.String(), error: Type.String() }), {
    description: "Clusters that couldn't be asked.",
  }),
});
const Open = Type.Object({}, { additionalProperties: true });
const Rules = Type.Object({
  app: Type.String(),
  clusters: Type.Array(
    Type.Object({
      cluster: Type.String(),
      traffic: Open,
      calls: Open,
      callers: Type.Object(
        {},
        {
          additionalProperties: true,
          description: "By caller: the timeout and retries that its calls bring, in place of the app's.",
        },
      ),
    }),
  ),
});

export function instanceRoutes(routes: Routes, { store, clusters }: ApiContext): void {
  readPartRoute(
    routes,
    store,
    "App",
    {
      part: "instances",
      id: "appInstances",
      summary: "The app's pods in every cluster, as their Kubernetes API tells them",
      answers: { 200: { description: "Pods, those in trouble first.", schema: Instances } },
    },
    async ({ name, body }) => {
      const namespace = String(body.spec.segment);
      const unreachable: { cluster: string; error: string }[] = [];
      const there = [...clusters].filter(([cluster]) => store.inForce().lanes.get(cluster)?.has(name));
      const found = await Promise.all(
        there.map(async ([cluster, access]) => {
          try {
            return await access.instances(namespace, name);
          } catch (error) {
            unreachable.push({ cluster, error: (error as Error).message });
            return [];
          }
        }),
      );
      const instances = found
        .flat()
        .sort(
          (a, b) =>
            Number(a.state === "ready") - Number(b.state === "ready") ||
            (a.cluster + a.pod < b.cluster + b.pod ? -1 : 1),
        );
      return { app: name, instances, unreachable };
    },
  );
  readPartRoute(
    routes,
    store,
    "App",
    {
      part: "rules",
      id: "appRules",
      summary: "The traffic rules that are in force for the app in each cluster, with nothing left out",
      answers: { 200: { description: "By cluster; durations in ms.", schema: Rules } },
    },
    async ({ name }) => {
      const view = store.inForce();
      const callers = callerLimits(name, view);
      return {
        app: name,
        clusters: rulesInForce(name, view).map((rules) => ({ ...rules, callers: callers.get(rules.cluster) ?? {} })),
      };
    },
  );
}
