import * as fc from "fast-check";
import type { App } from "../../model/app.ts";
import type { Cluster } from "../../model/cluster.ts";
import type { EdgeStage } from "../../model/rows.ts";
import type { InForceRows } from "../rows.ts";
import { putInForce, type Situation } from "./put-in-force.ts";

const names = ["alpha", "beta", "gamma", "delta"] as const;
const clusterNames = ["co-1", "uy-1"] as const;
const clusters = clusterNames.map((name): Cluster => ({ apiVersion: "quipu.dev/v1", kind: "Cluster", metadata: { name }, spec: { region: name.slice(0, 2) } }));
const stage = fc.constantFrom<EdgeStage>("wanted", "admitted", "open", "closing", "gone");
const ports = fc.constantFrom<{ name: string; port: number }[]>(
  [{ name: "http", port: 8080 }], [{ name: "grpc", port: 9090 }, { name: "http", port: 8080 }], [{ name: "tcp-db", port: 5432 }], [{ name: "http", port: 8080 }, { name: "tls-x", port: 8443 }], [],
);
const duration = fc.constantFrom("0s", "800ms", "3s");
const rule = fc.record({ methods: fc.constantFrom<string[]>(["GET"], ["GET", "POST"]), paths: fc.constantFrom<string[]>(["/a"], ["/a/*", "/b"], ["*.js"]) }, { requiredKeys: [] });

const appOf = (name: string) => fc.record({
  segment: fc.constantFrom("food", "money"), ports,
  calls: fc.uniqueArray(fc.tuple(fc.constantFrom(...names.filter((other) => other !== name)), rule, fc.option(duration, { nil: undefined })), { selector: ([callee]) => callee, maxLength: 3 }),
  callers: fc.uniqueArray(fc.tuple(fc.constantFrom(...names), rule), { selector: ([caller]) => caller, maxLength: 3 }),
  timeout: fc.option(duration, { nil: undefined }),
  exposed: fc.boolean(), outside: fc.boolean(), limited: fc.boolean(), faulty: fc.boolean(),
}).map(({ segment, ports, calls, callers, timeout, exposed, outside, limited, faulty }): App => {
  const http = ports.some((port) => /^(http|grpc)/.test(port.name));
  return {
    apiVersion: "quipu.dev/v1", kind: "App", metadata: { name },
    spec: {
      team: "t", segment, workload: { ports },
      calls: [...calls.map(([app, only, timeout]) => ({ app, ...only, ...(timeout !== undefined && { timeout }) })), ...(outside ? [{ host: "api.example.com" }] : [])],
      access: { callers: callers.map(([app, only]) => ({ app, ...only })) },
      traffic: {
        ...(timeout !== undefined && { timeout }),
        ...(limited && http && { rateLimits: [{ requests: 5, unit: "second" as const }, { requests: 5, unit: "second" as const, scope: "instance" as const }] }),
        ...(faulty && http && { faults: [{ match: { path: "/a*" }, delay: "1s" }] }),
      },
      ...(exposed && http && { expose: [{ host: "www.example.com", path: `/${name}` }] }),
    },
  };
});

/** A lane as releases leave it: weights over ready revisions that sum to 100, or none while nothing is good. */
const lane = fc.record({
  ready: fc.subarray(["r1", "r2", "r3"], { minLength: 0 }),
  live: fc.subarray(["r1", "r2", "r3"], { minLength: 1 }),
  share: fc.integer({ min: 0, max: 100 }),
}).map(({ ready, live, share }) => {
  const [good, next] = ready;
  const weights: Record<string, number> = good === undefined ? {} : next === undefined ? { [good]: 100 } : { [good]: share, [next]: 100 - share };
  return { live: [...new Set([...live, ...ready])], ready, weights, good: good ?? null, floors: {} };
});

const situation = fc.record({
  stages: fc.array(fc.tuple(fc.constantFrom(...names), fc.constantFrom(...names, "www.example.com", "api.example.com"), stage), { maxLength: 8 }),
  lanes: fc.array(fc.tuple(fc.constantFrom(...names), fc.constantFrom(...clusterNames), fc.oneof({ weight: 5, arbitrary: lane }, { weight: 1, arbitrary: fc.constant(null) })), { maxLength: 8 }),
  reaches: fc.subarray([...names], { maxLength: 1 }),
});

/** Rows of up to four apps in two clusters, with edges at any stage, canaries, missing lanes and reach lanes. */
export const arbitraryRows: fc.Arbitrary<InForceRows> = fc.tuple(fc.tuple(...names.map(appOf)), fc.subarray([...names], { minLength: 1 }), situation).map(([apps, kept, { stages, lanes, reaches }]) => {
  const said: Situation = { rosters: {}, lanes: {} };
  for (const name of names) said.rosters![name] = { revisions: ["r1", "r2", "r3"], stages: Object.fromEntries(stages.filter(([app]) => app === name).map(([, other, at]) => [other, at])) };
  for (const [app, cluster, value] of lanes) said.lanes![`${app}/${cluster}`] = value;
  for (const app of reaches) said.lanes![`${app}/uy-1`] = { kind: "reach", lead: "co-1" };
  return putInForce([...apps.filter(({ metadata }) => kept.includes(metadata.name as never)), ...clusters], said);
});
