import type { Seen } from "../../../src/model/rows.ts";
import type { ClusterAccess } from "../../../src/api/context.ts";
import type { Instance } from "../../../src/fleet/pod-instance.ts";
import { pretendTraffic } from "./pretend-traffic.ts";
import { applyAndDeploy, seedSegmentsAndTeams } from "./seed.ts";
import { startWorld, type World } from "./world.ts";

export const clusters = ["bogota", "montevideo"];
const apps = [
  { app: "storefront", segment: "shop" },
  { app: "search", segment: "shop" },
  { app: "catalog", segment: "food" },
  { app: "pricing", segment: "food" },
  { app: "istio-ingressgateway", segment: "istio-system", gateway: true },
];
const calls = [
  { from: "storefront", to: "catalog", segment: "food", rate: 12, ms: 6 },
  { from: "search", to: "catalog", segment: "food", rate: 30, ms: 11, timingOut: 0.1 },
  { from: "catalog", to: "pricing", segment: "food", rate: 22, ms: 3 },
  { from: "istio-ingressgateway", to: "storefront", segment: "shop", rate: 20, ms: 40 },
];

/** A small super-app behind the real API, with figures of the last ten minutes. Its pods and their Envoys are pretended. */
export async function startSuperApp(): Promise<World> {
  let skew = 0;
  const signals = pretendTraffic(apps, calls, clusters, { now: () => Date.now() + skew });
  const objects = pretendObjects(Date.now());
  const told = (cluster: string) => (cluster === "bogota" ? objects : {});
  const world = await startWorld({
    ...{ clusters, told },
    context: {
      signals,
      clusters: new Map(clusters.map((cluster) => [cluster, pretendCluster(cluster, told(cluster))])),
    },
  });
  await seedSegmentsAndTeams(world);
  const workload = { ports: [{ name: "http", port: 8080 }] };
  await applyAndDeploy(world, "catalog", {
    team: "cacao",
    segment: "food",
    workload,
    calls: [{ app: "pricing", timeout: "300ms" }],
    traffic: {
      timeout: "1s",
      perCaller: { connectionPool: { maxRequests: 200, maxPendingRequests: 50 } },
      rateLimits: [{ requests: 500, unit: "second" }],
    },
    access: { callers: [{ app: "storefront", methods: ["GET"] }, { app: "search" }] },
    overrides: [{ clusters: { matchLabels: { market: "mo" } }, spec: { traffic: { timeout: "3s" } } }],
  });
  const rollout = { steps: [{ weight: 100, hold: "1s" }] };
  await applyAndDeploy(world, "pricing", { team: "cacao", segment: "food", workload, rollout });
  await applyAndDeploy(world, "storefront", {
    team: "aji",
    segment: "shop",
    workload,
    calls: [{ app: "catalog", methods: ["GET"] }, { app: "search" }],
    expose: [{ host: "shop.example", path: "/" }],
  });
  await applyAndDeploy(world, "search", {
    team: "aji",
    segment: "shop",
    workload,
    calls: [{ app: "catalog", timeout: "800ms" }],
  });
  await applyAndDeploy(world, "ads", { team: "aji", segment: "shop", workload, calls: [{ app: "catalog" }] });
  await world.engine.idle();
  for (let look = 0; look < 130; look++) {
    signals.cluster("bogota");
    signals.cluster("montevideo");
    await signals.tick();
    skew += 5_000;
  }
  return world;
}

type Told = Pick<Seen, "drift" | "drifting" | "unhealthy">;

function pretendCluster(cluster: string, told: Told): ClusterAccess {
  const startedAt = new Date(Date.now() - 3_000_000).toISOString();
  const healthy = (app: string, suffix: string): Instance => ({
    cluster,
    pod: `${app}-r1-${suffix}`,
    revision: "r1",
    state: "ready",
    restarts: 0,
    startedAt,
    ip: "127.17.3.1",
  });
  return {
    kubeconfig: () => "",
    status: () => ({
      applied: 12,
      wanted: 12,
      pending: 0,
      failures:
        cluster === "bogota"
          ? [{ key: "DestinationRule food/catalog", error: "spec.trafficPolicy: unknown field" }]
          : [],
      ...{ drift: [], drifting: 0, unhealthy: { count: 0, objects: [] }, ...told },
      ageMs: 900,
    }),
    pods: async () => [],
    log: async () => (async function* () {})(),
    instances: async (_, app) => {
      const second = healthy(app, "9kpld");
      return [
        healthy(app, "x2x4q"),
        cluster === "bogota"
          ? { ...second, state: "not ready", reason: "app CrashLoopBackOff: exited with code 1", restarts: 4 }
          : second,
      ];
    },
  };
}

/** One object that waits, one that was put right, and one that isn't well; of them catalog's. */
function pretendObjects(now: number): Told {
  const drift = [
    {
      object: "VirtualService food/catalog",
      app: "catalog",
      fields: [
        { field: ".spec.http[0].timeout", found: '"60s"', wanted: '"1s"', managers: ["kubectl-edit"] },
        { field: ".spec.http[0].retries.attempts", wanted: "2" },
      ],
      managers: ["kubectl-edit"],
      at: now - 240_000,
      waits: "healing of catalog is paused: timeouts by hand",
    },
    {
      object: "Deployment food/pricing-r1",
      app: "pricing",
      deleted: true as const,
      fields: [],
      managers: [],
      at: now - 3_700_000,
      times: 3,
      healedAt: now - 3_699_000,
    },
  ];
  const object = "HorizontalPodAutoscaler food/catalog";
  const problem = "FailedGetResourceMetric: unable to get metrics: no metrics known";
  return {
    ...{ drift, drifting: 1 },
    unhealthy: { count: 1, objects: [{ object, app: "catalog", problem, at: now - 4_000_000 }] },
  };
}
