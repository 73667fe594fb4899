import { expect, test } from "vitest";
import type { KubeObject } from "../objects/meta.ts";
import { withOverlay } from "./overlay.ts";

const object: KubeObject = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "a-r1", namespace: "food" },
  spec: {
    minReadySeconds: 1,
    list: [1, 2],
    containers: [
      { name: "app", image: "i", env: [{ name: "A", value: "1" }] },
      { name: "log", image: "l" },
    ],
  },
};
const specOf = (patch: Record<string, unknown>, name?: string) =>
  withOverlay(object, [{ kind: "Deployment", ...(name !== undefined && { name }), patch: { spec: patch } }]).spec;

test("fields are set, null removes, plain lists are replaced", () => {
  expect(specOf({ minReadySeconds: null, list: [3], paused: true })).toEqual({
    list: [3],
    paused: true,
    containers: (object.spec as { containers: unknown }).containers,
  });
});

test("lists of named entries are merged by name, deeply; a new name is added", () => {
  expect(
    specOf({
      containers: [
        { name: "app", env: [{ name: "B", value: "2" }] },
        { name: "extra", image: "e" },
      ],
    }),
  ).toMatchObject({
    containers: [
      {
        name: "app",
        image: "i",
        env: [
          { name: "A", value: "1" },
          { name: "B", value: "2" },
        ],
      },
      { name: "log", image: "l" },
      { name: "extra", image: "e" },
    ],
  });
});

test("only the kind and name that it says; what isn't touched stays the very same object", () => {
  expect(withOverlay(object, [{ kind: "Service", patch: { spec: {} } }])).toBe(object);
  expect(withOverlay(object, [{ kind: "Deployment", name: "other", patch: { spec: { minReadySeconds: 9 } } }])).toBe(
    object,
  );
  const patched = withOverlay(object, [{ kind: "Deployment", name: "a-r1", patch: { spec: { minReadySeconds: 9 } } }]);
  expect(patched.metadata.annotations).toEqual({ "quipu.dev/overlay": "true" });
  expect((object.spec as { minReadySeconds: number }).minReadySeconds).toBe(1);
});

test("several overlays are laid one after another", () => {
  expect(
    withOverlay(object, [
      { kind: "Deployment", patch: { spec: { a: 1, b: 1 } } },
      { kind: "Deployment", patch: { spec: { b: 2 } } },
    ]).spec,
  ).toMatchObject({ a: 1, b: 2 });
});
