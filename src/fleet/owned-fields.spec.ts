import { expect, test } from "vitest";
import type { KubeObject, ManagedFieldsEntry } from "../objects/meta.ts";
import { differences, hashOwned, managersOf, ownedFields } from "./owned-fields.ts";

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

test("a field that another manager took is a difference, and so is one that went", () => {
  const { "f:metadata": _, ...left } = ours;
  const taken = deployment("a:1", {}, [
    entry("quipu", left),
    entry("kubectl", { "f:metadata": { "f:labels": { "f:app": {} } } }, { operation: "Update" }),
  ]);
  expect(differences(ownedFields(taken, "quipu"), ownedFields(deployment("a:1"), "quipu"))).toEqual([
    { field: ".metadata.labels.app", before: undefined, after: "x" },
  ]);
  expect(managersOf(taken, [".metadata.labels.app"], "quipu")).toEqual(["kubectl"]);
  const gone = deployment("a:1", { template: { spec: { containers: [] } } });
  expect(
    differences(ownedFields(gone, "quipu"), ownedFields(deployment("a:1"), "quipu")).find(({ field }) =>
      field.endsWith(".image"),
    ),
  ).toEqual({ field: '.spec.template.spec.containers[name="app"].image', before: undefined, after: "a:1" });
});

test("entries of a subresource, and updates, are not what we applied", () => {
  const object = deployment("a:1", {}, [
    entry("quipu", ours, { subresource: "status" }),
    entry("quipu", ours, { operation: "Update" }),
  ]);
  expect(ownedFields(object, "quipu").size).toBe(0);
});
