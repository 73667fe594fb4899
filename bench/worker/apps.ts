import { baseline } from "../../src/fleet/bootstrap.ts";
import { objectKey } from "../../src/fleet/desired.ts";
import { applyRank } from "../../src/fleet/order.ts";
import { stamp } from "../../src/fleet/stamp.ts";
import type { KubeObject } from "../../src/objects/meta.ts";
import { putInForce, readDocuments } from "../../src/render/golden/put-in-force.ts";
import { RenderedCluster } from "../../src/render/rendered-cluster.ts";
import type { InForceRows } from "../../src/render/rows.ts";

/** A made-up fleet of one cluster: apps in segments of 50, each of which calls three others; every fifth has a rate limit. */
export const cluster = "lima";
export const trustDomain = "quipu.local";
const perSegment = 50;

export const appName = (index: number): string => `app-${String(index).padStart(4, "0")}`;
export const segmentOf = (index: number): string => `seg-${String(Math.floor(index / perSegment)).padStart(2, "0")}`;
/** The timeout that every edition of the policy gives to all apps, in ms. */
export const timeoutMs = (edition: number): number => 10_000 - 500 * edition;

/** What is in force when all of them have been released. `edition`: of the one policy that says something of every app. */
export function inForce(apps: number, edition: number): InForceRows {
  const documents = [
    { kind: "Cluster", metadata: { name: cluster }, spec: { region: "pe" } },
    { kind: "Policy", metadata: { name: "fleet" }, spec: { defaults: { traffic: trafficOf(edition) } } },
    ...Array.from({ length: apps }, (_, index) => ({
      kind: "App",
      metadata: { name: appName(index), labels: { tier: index % 7 === 0 ? "critical" : "standard" } },
      spec: specOf(index, apps),
    })),
  ];
  // JSON is YAML.
  const text = documents.map((each) => JSON.stringify({ apiVersion: "quipu.dev/v1", ...each })).join("\n---\n");
  return putInForce(readDocuments(text));
}

/** Two objects of each app speak of this: its VirtualService of timeouts, its DestinationRule of connections. */
function trafficOf(edition: number): object {
  return {
    timeout: `${timeoutMs(edition)}ms`,
    perCaller: { connectionPool: { maxConnections: 500 + edition }, outlierDetection: { consecutive5xxErrors: 5 } },
  };
}

function specOf(index: number, apps: number): object {
  const first = index - (index % perSegment);
  const segment = Math.min(perSegment, apps - first);
  const calls = [1, 2, 3]
    .map((step) => first + ((index - first + step) % segment))
    .filter((callee) => callee !== index);
  return {
    team: `team-${index % 20}`,
    segment: segmentOf(index),
    workload: {
      image: `registry.example/${appName(index)}:1`,
      ports: [{ name: "http", port: 8080 }],
      env: { LOG_LEVEL: "info" },
      replicas: { min: 2, max: 6 },
    },
    calls: [...new Set(calls)].map((callee) => ({ app: appName(callee) })),
    ...(index % 5 === 0 && { traffic: { rateLimits: [{ requests: 500, unit: "second" }] } }),
  };
}

/** The objects of the cluster as a worker sends them, in the order in which it does. */
export function objectsOf(rows: InForceRows): KubeObject[] {
  const { objects } = new RenderedCluster(cluster, rows, { trustDomain });
  const rendered = [...objects.values()];
  const all = [...baseline().map((object) => ({ object, rowRevision: 0 })), ...rendered];
  return all
    .map(({ object, rowRevision }) => stamp({ key: objectKey(object), object, rowRevision }).object)
    .toSorted((a, b) => applyRank(objectKey(a)) - applyRank(objectKey(b)));
}
