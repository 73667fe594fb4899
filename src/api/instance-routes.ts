import { Type } from "typebox";
import { require as requireRole } from "../access/mutate.ts";
import type { Instance } from "../fleet/pod-instance.ts";
import { Problem } from "../model/problem.ts";
import { optional } from "../model/schema.ts";
import { rulesInForce } from "../release/rules-in-force.ts";
import type { ApiContext } from "./context.ts";
import type { Routes } from "./define-route.ts";
import { NameParams } from "./object-routes.ts";

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
const Rules = Type.Object({
  app: Type.String(),
  clusters: Type.Array(
    Type.Object({
      cluster: Type.String(),
      traffic: Type.Object({}, { additionalProperties: true }),
      calls: Type.Object({}, { additionalProperties: true }),
    }),
  ),
});

export function instanceRoutes(routes: Routes, { store, clusters }: ApiContext): void {
  const appOf = async (name: string) => {
    const app = await store.read((tx) => tx.get("App", name));
    if (app === undefined)
      throw new Problem("not-found", `There is no App ${name}.`, { found: name, subject: `App/${name}` });
    return app;
  };
  routes.add(
    {
      method: "GET",
      path: "/api/v1/apps/:name/instances",
      id: "appInstances",
      summary: "The app's pods in every cluster, as their Kubernetes API tells them",
      params: NameParams,
      answers: { 200: { description: "Pods, those in trouble first.", schema: Instances } },
    },
    {},
    async ({ params, principal }) => {
      requireRole(principal, "read", { kind: "App", name: params.name });
      const namespace = String((await appOf(params.name)).body.spec.segment);
      const unreachable: { cluster: string; error: string }[] = [];
      const there = [...clusters].filter(([name]) => store.inForce().lanes.get(name)?.has(params.name));
      const found = await Promise.all(
        there.map(async ([cluster, access]) => {
          try {
            return await access.instances(namespace, params.name);
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
      return { app: params.name, instances, unreachable };
    },
  );
  routes.add(
    {
      method: "GET",
      path: "/api/v1/apps/:name/rules",
      id: "appRules",
      summary: "The traffic rules that are in force for the app in each cluster, with nothing left out",
      params: NameParams,
      answers: { 200: { description: "By cluster; durations in ms.", schema: Rules } },
    },
    {},
    async ({ params, principal }) => {
      requireRole(principal, "read", { kind: "App", name: params.name });
      await appOf(params.name);
      return { app: params.name, clusters: rulesInForce(params.name, store.inForce()) };
    },
  );
}
