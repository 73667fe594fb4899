import { expect, test } from "vitest";
import type { KubeObject, ManagedFieldsEntry } from "../objects/meta.ts";
import { driftedFields, hashOwned, managersOf, ownedFields } from "./owned-fields.ts";

const entry = (
  manager: string,
  fieldsV1: Record<string, unknown>,
  over: Partial<ManagedFieldsEntry> = {},
): ManagedFieldsEntry => ({
  manager,
  operation: "Apply",
  apiVersion: "apps/v1",
  fieldsType: "FieldsV1",
  fieldsV1,
  ...over,
});
const ours = {
  "f:metadata": { "f:labels": { "f:app": {} } },
  "f:spec": {
    "f:template": {
      "f:spec": {
        "f:containers": {
          'k:{"name":"app"}': {
            ".": {},
            "f:name": {},
            "f:image": {},
            "f:ports": { 'k:{"containerPort":8080,"protocol":"TCP"}': { ".": {}, "f:containerPort": {} } },
          },
        },
      },
    },
    "f:finalizers": { 'v:"a"': {} },
  },
};
const deployment = (image: string, over: object = {}, managers = [entry("quipu", ours)]): KubeObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "x", labels: { app: "x", other: "y" }, managedFields: managers },
  spec: {
    replicas: 3,
    finalizers: ["a", "b"],
    template: {
      spec: {
        containers: [
          { name: "other", image: "z" },
          { name: "app", image, ports: [{ containerPort: 8080, protocol: "TCP" }] },
        ],
      },
    },
    ...over,
  },
});

test("only our fields, list items found by their keys, each with its value", () => {
  expect(Object.fromEntries(ownedFields(deployment("a:1"), "quipu"))).toEqual({
    ".metadata.labels.app": "x",
    '.spec.template.spec.containers[name="app"].name': "app",
    '.spec.template.spec.containers[name="app"].image': "a:1",
    '.spec.template.spec.containers[name="app"].ports[containerPort=8080,protocol="TCP"].containerPort': 8080,
    '.spec.finalizers[="a"]': "a",
  });
});

test("what others own or the server fills in doesn't change the hash; a value of ours does", () => {
  const hash = (object: KubeObject) => hashOwned(ownedFields(object, "quipu"));
  expect(hash(deployment("a:1", { replicas: 9, progressDeadlineSeconds: 600 }))).toBe(hash(deployment("a:1")));
  expect(hash(deployment("a:2"))).not.toBe(hash(deployment("a:1")));
});

test("what drifted: with what is there, whoever holds it, what shall be, and who did it", () => {
  const { "f:metadata": _, ...left } = ours;
  const theirs = entry("kubectl", { "f:metadata": { "f:labels": { "f:app": {} } } }, { operation: "Update" });
  const taken = deployment("a:1", {}, [entry("quipu", left), theirs]);
  taken.metadata.labels = { app: "stolen", other: "y" };
  expect(driftedFields(taken, deployment("a:1"), "quipu")).toEqual([
    { field: ".metadata.labels.app", found: "stolen", wanted: "x", managers: ["kubectl"] },
  ]);
  expect(managersOf(taken, [".metadata.labels.app"], "quipu")).toEqual(["kubectl"]);
  // Taken, and given its value back.
  taken.metadata.labels = { app: "x" };
  expect(driftedFields(taken, deployment("a:1"), "quipu")).toEqual([]);
  const gone = deployment("a:1", { template: { spec: { containers: [] } } });
  expect(
    driftedFields(gone, deployment("a:1"), "quipu").find(({ field }) => field.endsWith('[name="app"].image')),
  ).toEqual({
    ...{ field: '.spec.template.spec.containers[name="app"].image', found: undefined, wanted: "a:1" },
    managers: [],
  });
});

test("of a list that is held as a whole, what differs in it", () => {
  const routes = (...http: object[]): KubeObject => ({
    apiVersion: "networking.istio.io/v1",
    kind: "VirtualService",
    metadata: { name: "x", managedFields: [entry("quipu", { "f:spec": { "f:http": {} } })] },
    spec: { http },
  });
  const to = (subset: string, weight: number) => ({ destination: { host: "x", subset }, weight });
  expect(
    driftedFields(
      routes({ timeout: "60s", route: [to("r1", 90), to("r2", 10)] }, { name: "theirs" }),
      routes({ retries: { attempts: 2 }, route: [to("r1", 50), to("r2", 10)], timeout: "3s" }),
      "quipu",
    ).map(({ field, found, wanted }) => [field, found, wanted]),
  ).toEqual([
    [".spec.http[0].retries", undefined, { attempts: 2 }],
    [".spec.http[0].route[0].weight", 90, 50],
    [".spec.http[0].timeout", "60s", "3s"],
    [".spec.http[1]", { name: "theirs" }, undefined],
  ]);
});

test("names that every object of JavaScript answers to are names like others", () => {
  const rules = (data: object, http: object[]): KubeObject => ({
    apiVersion: "networking.istio.io/v1",
    kind: "VirtualService",
    metadata: {
      name: "x",
      labels: data as Record<string, string>,
      managedFields: [
        entry("quipu", { "f:metadata": { "f:labels": { "f:constructor": {} } }, "f:spec": { "f:http": {} } }),
      ],
    },
    spec: { http },
  });
  const wanted = rules({ constructor: "a" }, [{ headers: { constructor: "b" } }]);
  const found = rules({}, [{ headers: { toString: "c" } }]);
  expect(driftedFields(found, wanted, "quipu")).toEqual(
    [
      [".metadata.labels.constructor", undefined, "a"],
      [".spec.http[0].headers.constructor", undefined, "b"],
      [".spec.http[0].headers.toString", "c", undefined],
    ].map(([field, is, shall]) => ({ field, found: is, wanted: shall, managers: [] })),
  );
});

test("entries of a subresource, and updates, are not what we applied", () => {
  const object = deployment("a:1", {}, [
    entry("quipu", ours, { subresource: "status" }),
    entry("quipu", ours, { operation: "Update" }),
  ]);
  expect(ownedFields(object, "quipu").size).toBe(0);
});
