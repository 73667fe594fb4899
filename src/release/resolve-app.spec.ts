import { expect, test } from "vitest";
import { parse } from "yaml";
import type { App } from "../model/app.ts";
import type { Cluster } from "../model/cluster.ts";
import type { Policy } from "../model/policy.ts";
import { nothingInForce } from "../store/in-force.ts";
import { resolveApp } from "./resolve-app.ts";
import type { World } from "./world.ts";

const app = (rollout: object): App =>
  ({
    ...parse(`{ apiVersion: quipu.dev/v1, kind: App, metadata: { name: bob } }`),
    spec: { team: "t", segment: "one", rollout },
  }) as App;
const world = (policies: readonly Policy[] = []): World => ({
  segments: new Map(),
  policies,
  clusters: [
    parse(`{ apiVersion: quipu.dev/v1, kind: Cluster, metadata: { name: lima }, spec: { region: lima } }`) as Cluster,
  ],
  issuers: [],
  windows: [],
  calleeSegments: new Map(),
});
const problemsOf = (rollout: object, policies?: readonly Policy[]) =>
  resolveApp(app(rollout), "registry.example/bob:1", world(policies), nothingInForce, 1).problems.map(
    ({ code, field, found, accepted }) => ({ code, field, found, accepted }),
  );

test("an analysis that can't ever pass is refused by its field", () => {
  expect(problemsOf({ analysis: { interval: "1h" } })).toEqual([
    {
      code: "conflicting-fields",
      field: "spec.rollout.analysis.interval",
      found: "1h",
      accepted: "at most 9m55s, or a longer progressDeadline",
    },
  ]);
  expect(problemsOf({ analysis: { minRequests: 1e9 } })).toMatchObject([
    { field: "spec.rollout.analysis.minRequests", found: 1e9 },
  ]);
});

test("it is judged with what Policies say of the rest", () => {
  const patient = parse(`
apiVersion: quipu.dev/v1
kind: Policy
metadata: { name: patient }
spec: { defaults: { rollout: { progressDeadline: 2h } } }`) as Policy;
  expect(problemsOf({ analysis: { interval: "1h" } }, [patient])).toEqual([]);
});

test("a folder that was uploaded runs in embedded clusters alone: elsewhere nobody could fetch it", () => {
  const connection = { kubeconfig: { context: "quito" } };
  const [lima] = world().clusters;
  const quito: Cluster = { ...lima!, metadata: { name: "quito" }, spec: { region: "quito", connection } };
  const problems = (image: string) =>
    resolveApp(app({}), image, { ...world(), clusters: [lima!, quito] }, nothingInForce, 1).problems;
  expect(problems("registry.example/bob:1")).toEqual([]);
  const [problem, ...others] = problems(`quipu.local/bob@sha256:${"0".repeat(64)}`);
  expect(others).toEqual([]);
  expect(problem).toMatchObject({
    code: "no-image",
    field: "spec.placement.clusters",
    found: "quito",
    accepted: "embedded clusters; or an image: quipu deploy bob --image IMAGE",
  });
  expect(problem?.message).toBe("bob runs an uploaded folder, which quito can't fetch.");
});
