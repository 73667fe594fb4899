import { expect, test } from "vitest";
import type { BasePart } from "../model/parts.ts";
import type { InForceRows } from "../render/rows.ts";
import { renderedSource } from "./rendered-source.ts";

const basePart = (labels: Record<string, string>): BasePart => ({ segment: "money", labels, mtls: "STRICT" });
const rows = (
  revision: number,
  segments: Record<string, number>,
  labels: Record<string, string> = {},
): InForceRows => ({
  revision,
  rosters: new Map(),
  lanes: new Map(),
  bases: new Map([
    [
      "lima",
      new Map(
        Object.entries(segments).map(([segment, at]) => [
          segment,
          { revision: at, value: { segment, cluster: "lima", snapshot: "h" } },
        ]),
      ),
    ],
  ]),
  snapshots: new Map([["h", { part: "base" as const, value: basePart(labels) }]]),
});

test("holds what is rendered, tells what changed, and follows no more once closed", () => {
  let view = rows(3, { money: 3 });
  const listeners = new Set<(view: InForceRows) => void>();
  const source = renderedSource(
    "lima",
    {
      inForce: () => view,
      onInForce: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    { trustDomain: "quipu.local" },
  );
  const told: { revision: number; keys: string[] }[] = [];
  source.listen(({ revision, keys }) => told.push({ revision, keys: [...keys] }));
  const namespaces = () =>
    [...source.objects()]
      .filter(({ object }) => object.kind === "Namespace")
      .map(({ object, rowRevision }) => [object.metadata.name, rowRevision]);
  expect(source.revision).toBe(3);
  expect(namespaces()).toEqual([["money", 3]]);
  expect(source.get("v1/Namespace//money")?.object.metadata.labels).toMatchObject({ "quipu.dev/segment": "money" });

  const change = (next: InForceRows) => {
    view = next;
    for (const listener of listeners) listener(next);
  };
  change({
    ...rows(4, { food: 4 }),
    bases: new Map([["lima", new Map([...view.bases.get("lima")!, ...rows(4, { food: 4 }).bases.get("lima")!])]]),
  });
  expect(namespaces().toSorted()).toEqual([
    ["food", 4],
    ["money", 3],
  ]);
  expect(told).toHaveLength(1);
  expect(told[0]).toMatchObject({ revision: 4, keys: expect.arrayContaining(["v1/Namespace//food"]) });
  expect(told[0]!.keys.every((key) => key.includes("food"))).toBe(true);

  change({ ...view, revision: 5 });
  expect(told[1]).toEqual({ revision: 5, keys: [] });
  source.close();
  change(rows(6, {}));
  expect(told).toHaveLength(2);
});
