import { Type, type Static } from "typebox";
import type { Instance } from "../fleet/pod-instance.ts";
import { Problem } from "../model/problem.ts";
import { optional } from "../model/schema.ts";
import type { ApiContext } from "./context.ts";
import { curlCommand } from "./curl-command.ts";
import type { Routes } from "./define-route.ts";
import { readPartRoute } from "./read-route.ts";

/** The gateway's workload and the ports of its pods (ARCHITECTURE.md, names that several rooms share). */
const workload = { namespace: "istio-system", app: "istio-ingressgateway", http: 8080, https: 8443 };

const Gateway = Type.Object({
  pod: Type.String(),
  state: Type.Unsafe<Instance["state"]>({ enum: ["ready", "not ready", "starting", "stopping", "ended"] }),
  http: Type.String({ description: "IP:PORT for plain text." }),
  https: Type.String({ description: "IP:PORT for TLS." }),
});
const Ingress = Type.Object({
  cluster: Type.String(),
  gateways: Type.Array(Gateway),
  hosts: Type.Array(
    Type.Object({
      host: Type.String(),
      path: Type.String(),
      app: Type.String(),
      tls: Type.Boolean(),
      jwt: optional(Type.String({ description: "TokenIssuer whose tokens are asked for." })),
      stage: Type.String({ description: "open, or how far it has come." }),
      curl: optional(Type.String({ description: "A command that calls it through a gateway that is there." })),
    }),
  ),
});

/** Where requests from outside enter a cluster, and what is exposed there. */
export function ingressRoute(routes: Routes, { store, clusters }: ApiContext): void {
  readPartRoute(
    routes,
    store,
    "Cluster",
    {
      part: "ingress",
      id: "clusterIngress",
      summary: "The addresses of the cluster's ingress gateway, and the hosts that are exposed there",
      answers: { 200: { description: "Gateways and hosts.", schema: Ingress } },
    },
    async ({ name }) => {
      const gateways = await gatewaysOf(name);
      const gateway = gateways.find(({ state }) => state === "ready") ?? gateways[0];
      const view = store.inForce();
      const lanes = view.lanes.get(name);
      const hosts = [...view.rosters.values()]
        .filter(({ value }) => lanes?.has(value.app))
        .flatMap(({ value: { app, hosts } }) =>
          hosts.map(({ host, path, tls, jwt, stage }) => {
            const exposed = { host, path, tls: tls !== undefined, ...(jwt !== undefined && { jwt }) };
            return { ...exposed, app, stage, ...(gateway && { curl: curlCommand({ ...exposed, ...gateway }) }) };
          }),
        )
        .sort((a, b) => (a.host + a.path < b.host + b.path ? -1 : 1));
      return { cluster: name, gateways, hosts };
    },
  );

  async function gatewaysOf(cluster: string): Promise<Static<typeof Gateway>[]> {
    const access = clusters.get(cluster);
    if (access === undefined) return [];
    let pods: Instance[];
    try {
      pods = await access.instances(workload.namespace, workload.app);
    } catch (error) {
      // By an agent, for one, there are no pods to be had, however well it is.
      if (error instanceof Problem) throw error;
      throw new Problem("cluster-unreachable", `${cluster}: ${(error as Error).message}`, { found: cluster });
    }
    return pods.flatMap(({ pod, state, ip }) =>
      ip === undefined ? [] : [{ pod, state, http: `${ip}:${workload.http}`, https: `${ip}:${workload.https}` }],
    );
  }
}
