import { expect, it } from "vitest";
import type { Deployment, Pod } from "../../objects/core.ts";
import { keptMs, keptUnnamed, namedArtifacts, planCleanup } from "./artifact-cleanup.ts";

const now = 10 * keptMs;
/** The highest number was used last. */
const artifacts = Array.from({ length: 8 }, (_, index) => ({ digest: `d${index}`, usedAt: index }));

it("removes what nobody names, but the latest few", () => {
  expect(keptUnnamed).toBe(5);
  expect(planCleanup(artifacts, new Set(), now)).toEqual(["d2", "d1", "d0"]);
  expect(planCleanup(artifacts, new Set(["d0", "d7"]), now)).toEqual(["d1"]);
  expect(planCleanup(artifacts.slice(0, 5), new Set(), now)).toEqual([]);
});
it("leaves what was used lately", () => {
  const recent = artifacts.map(({ digest }, index) => ({ digest, usedAt: now - keptMs + (index === 0 ? 0 : index) }));
  expect(planCleanup(recent, new Set(), now)).toEqual(["d0"]);
});
it("knows what Pods and Deployments name", () => {
  const image = (letter: string) => ({ name: letter, image: `quipu.local/app@sha256:${letter.repeat(64)}` });
  const pod = {
    metadata: { name: "p" },
    spec: { containers: [image("a"), { name: "other", image: "quipu.local/envoy" }], initContainers: [image("b")] },
  } as unknown as Pod;
  const deployment = { metadata: { name: "d" }, spec: { template: { spec: { containers: [image("c")] } } } };
  expect(namedArtifacts([pod], [deployment as unknown as Deployment])).toEqual(
    new Set(["a", "b", "c"].map((letter) => letter.repeat(64))),
  );
});
