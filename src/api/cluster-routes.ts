import { PassThrough } from "node:stream";
import { Type } from "typebox";
import { mutate, require as requireRole } from "../access/mutate.ts";
import { appObject } from "../release/app-object.ts";
import { Problem } from "../model/problem.ts";
import { closed, optional } from "../model/schema.ts";
import type { ApiContext, ClusterAccess } from "./context.ts";
import type { Routes } from "./define-route.ts";
import { NameParams } from "./object-routes.ts";
import { tagLines } from "./tag-lines.ts";

const LogFields = closed({
  cluster: optional(Type.String({ description: "Only from this cluster." })),
  pod: optional(Type.String({ description: "Only of this pod." })),
  revision: optional(Type.String({ description: "Only of this revision, such as r4." })),
  container: optional(Type.String({ description: "app (default) or istio-proxy." })),
  follow: optional(Type.Boolean({ description: "Stay and give what comes." })),
  tail: optional(
    Type.Integer({
      minimum: 0,
      maximum: 100_000,
      description: "Last lines of each pod. Default: all, or 10 with follow.",
    }),
  ),
  previous: optional(Type.Boolean({ description: "Of the process before the last restart." })),
});

export function clusterRoutes(routes: Routes, { store, clusters, log }: ApiContext): void {
  const access = (name: string): ClusterAccess => {
    const found = clusters.get(name);
    if (found === undefined)
      throw new Problem("not-found", `There is no Cluster ${name} that this server looks after.`, {
        found: name,
        accepted: [...clusters.keys()].join(", "),
        subject: `Cluster/${name}`,
      });
    return found;
  };

  routes.add(
    {
      method: "GET",
      path: "/api/v1/clusters/:name/kubeconfig",
      id: "clusterKubeconfig",
      summary: "The way into a cluster, for kubectl",
      params: NameParams,
      answers: { 200: { description: "A kubeconfig.", schema: Type.String(), type: "application/yaml" } },
    },
    {},
    async ({ params, principal, reply }) => {
      requireRole(principal, "kubeconfig", { kind: "Cluster", name: params.name });
      const text = access(params.name).kubeconfig();
      await mutate(store, principal, "hand out kubeconfig", {}, async () => ({
        result: undefined,
        subject: `Cluster/${params.name}`,
      }));
      return reply.type("application/yaml").header("cache-control", "no-store").send(text);
    },
  );

  routes.add(
    {
      method: "GET",
      path: "/api/v1/clusters/:name/worker",
      id: "clusterWorker",
      summary: "What the cluster's worker has applied, what is refused, and what was changed by hand",
      params: NameParams,
      answers: { 200: { description: "Its state.", schema: Type.Object({}, { additionalProperties: true }) } },
    },
    {},
    async ({ params, principal }) => {
      requireRole(principal, "read", { kind: "Cluster", name: params.name });
      const status = access(params.name).status();
      return { ...status, ageMs: Number.isFinite(status.ageMs) ? status.ageMs : null };
    },
  );

  routes.add(
    {
      method: "GET",
      path: "/api/v1/apps/:name/logs",
      id: "appLogs",
      summary: "What the app's pods write, each line led by its cluster and pod",
      params: NameParams,
      query: LogFields,
      answers: { 200: { description: "Lines.", schema: Type.String(), type: "text/plain" } },
    },
    {},
    async ({ params, query, principal, reply }) => {
      requireRole(principal, "read", { kind: "App", name: params.name });
      const app = await store.read((tx) => appObject(tx, params.name));
      const namespace = String(app.body.spec.segment);
      const wanted =
        query.cluster === undefined
          ? [...clusters].filter(([name]) => store.inForce().lanes.get(name)?.has(params.name))
          : [[query.cluster, access(query.cluster)] as const];
      const pods: { cluster: string; access: ClusterAccess; pod: string }[] = [];
      const unreachable: string[] = [];
      for (const [cluster, there] of wanted) {
        try {
          for (const pod of await there.pods(namespace, params.name, query.revision))
            if (query.pod === undefined || pod === query.pod) pods.push({ cluster, access: there, pod });
        } catch (error) {
          unreachable.push(`${cluster}: ${(error as Error).message}`);
        }
      }
      if (pods.length === 0) {
        if (unreachable.length > 0)
          throw new Problem("cluster-unreachable", unreachable.join("; "), {
            found: wanted.map(([cluster]) => cluster).join(", "),
          });
        throw new Problem(
          "not-found",
          query.pod === undefined
            ? `${params.name} has no pods${query.cluster === undefined ? "" : ` in ${query.cluster}`}.`
            : `${params.name} has no pod ${query.pod}.`,
          {
            field: query.pod === undefined ? "name" : "pod",
            found: query.pod ?? params.name,
            subject: `App/${params.name}`,
          },
        );
      }
      const stop = new AbortController();
      const out = new PassThrough();
      reply.raw.on("close", () => stop.abort());
      const one = pods.length === 1 && query.pod !== undefined;
      const { follow = false, previous = false, container = "app" } = query;
      const tailLines = query.tail ?? (follow ? 10 : undefined);
      const options = { container, follow, previous, ...(tailLines !== undefined && { tailLines }) };
      void Promise.all(
        pods.map(async ({ cluster, access: there, pod }) => {
          try {
            const lines = await there.log(namespace, pod, options, stop.signal);
            for await (const text of tagLines(lines, one ? "" : `${cluster}/${pod} `))
              if (!out.write(text))
                await new Promise((resolve) => {
                  out.once("drain", resolve);
                  stop.signal.addEventListener("abort", resolve, { once: true });
                });
          } catch (error) {
            // A process that was never restarted has none before it (the Kubernetes API's own words).
            const none = previous && /previous terminated container .* not found/.test((error as Error).message);
            if (stop.signal.aborted || none) return;
            log.warn({ err: error, cluster, pod }, "log ended");
            out.write(`${cluster}/${pod} (log ended: ${(error as Error).message})\n`);
          }
        }),
      ).finally(() => out.end());
      return reply.type("text/plain; charset=utf-8").send(out);
    },
  );
}
