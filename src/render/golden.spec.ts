import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseAllDocuments, stringify } from "yaml";
import { putInForce, readDocuments, type Situation } from "./golden/put-in-force.ts";
import { checkPublishedSchema } from "./golden/published-schema.ts";
import { RenderedCluster } from "./rendered-cluster.ts";
import type { InForceRows } from "./rows.ts";

const folder = new URL("./golden/", import.meta.url);
const cases = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);
const update = process.env.UPDATE_GOLDEN === "1";

/** `UPDATE_GOLDEN=1` writes what was found; a reviewer reads the difference. */
function golden(path: URL, found: string): void {
  if (update || !existsSync(path)) {
    if (!update) throw new Error(`${path.pathname} is missing: UPDATE_GOLDEN=1 writes it`);
    writeFileSync(path, found);
  }
  expect(found).toBe(readFileSync(path, "utf8"));
}

const yaml = (value: unknown) => stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });

function rowsText({ rosters, lanes, bases, snapshots }: InForceRows): string {
  return yaml({
    rosters: Object.fromEntries(rosters),
    lanes: Object.fromEntries([...lanes].map(([cluster, map]) => [cluster, Object.fromEntries(map)])),
    bases: Object.fromEntries([...bases].map(([cluster, map]) => [cluster, Object.fromEntries(map)])),
    snapshots: Object.fromEntries(snapshots),
  });
}

/** in.yaml: what is declared, and (a document without a kind) how far it has come; rows.yaml: what is in force; out.yaml: the objects of each cluster. */
describe.each(cases)("golden %s", (name) => {
  const text = readFileSync(new URL(`${name}/in.yaml`, folder), "utf8");
  const parts = parseAllDocuments(text).map((document) => document.toJS() as Record<string, unknown>);
  const situation = (parts.find((part) => part.kind === undefined) ?? {}) as Situation;
  const rows = putInForce(
    readDocuments(
      parts
        .filter((part) => part.kind !== undefined)
        .map((part) => stringify(part))
        .join("---\n"),
    ),
    situation,
  );
  const clusters = [...rows.lanes.keys()].map(
    (cluster) => new RenderedCluster(cluster, rows, { trustDomain: "quipu.local" }),
  );
  const objects = clusters.flatMap((cluster) => [...cluster.objects.values()].map(({ object }) => object));

  test("rows and objects", () => {
    golden(new URL(`${name}/rows.yaml`, folder), rowsText(rows));
    golden(
      new URL(`${name}/out.yaml`, folder),
      clusters
        .map(
          ({ cluster, objects }) =>
            `# ${cluster}\n${[...objects.values()].map(({ object }) => `---\n${yaml(object)}`).join("")}`,
        )
        .join(""),
    );
  });

  test("every object fits the published schema of its kind", async () => {
    expect(objects.length).toBeGreaterThan(0);
    for (const object of objects) await checkPublishedSchema(object);
  });
});

test.each([
  [
    {
      apiVersion: "networking.istio.io/v1",
      kind: "DestinationRule",
      metadata: { name: "a" },
      spec: { host: "a", trafficPolicy: { outlierDetection: { consecutive5xxErrors: "five" } } },
    },
  ],
  [{ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "a" }, spec: { template: {} } }],
])("the published schemas refuse what is wrong: %j", async (object) => {
  await expect(checkPublishedSchema(object)).rejects.toThrow();
});
