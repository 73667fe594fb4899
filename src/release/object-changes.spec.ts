import { expect, it } from "vitest";
import { objectChanges } from "./object-changes.ts";

const object = (name: string, spec: object) => ({
  apiVersion: "v1",
  kind: "Thing",
  metadata: { name, namespace: "money" },
  spec,
});

it("tells what is made, changed and removed, field by field", () => {
  const before = [object("a", { http: [{ timeout: "3s", retries: 2 }] }), object("b", {}), object("same", { x: 1 })];
  const after = [
    object("a", { http: [{ timeout: "1s", retries: 2 }, { name: "new" }] }),
    object("c", {}),
    object("same", { x: 1 }),
  ];
  expect(objectChanges(before, after)).toEqual([
    {
      kind: "Thing",
      namespace: "money",
      name: "a",
      change: "change",
      fields: [
        { path: "spec.http[0].timeout", from: "3s", to: "1s" },
        { path: "spec.http[1]", to: { name: "new" } },
      ],
    },
    { kind: "Thing", namespace: "money", name: "b", change: "delete", fields: [] },
    { kind: "Thing", namespace: "money", name: "c", change: "create", fields: [] },
  ]);
});
