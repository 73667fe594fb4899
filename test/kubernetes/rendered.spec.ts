import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseAllDocuments, stringify } from "yaml";
import { root } from "../../setup/paths.mjs";
import { baseline } from "../../src/fleet/bootstrap.ts";
import { objectKey, keyText } from "../../src/fleet/desired.ts";
import { applyRank } from "../../src/fleet/order.ts";
import { stamp } from "../../src/fleet/stamp.ts";
import { KubeClient } from "../../src/kube/kube-client.ts";
import type { Document } from "../../src/model/kinds.ts";
import { kinds } from "../../src/objects/kinds.ts";
import type { KubeObject } from "../../src/objects/meta.ts";
import { putInForce, readDocuments, type Situation } from "../../src/render/golden/put-in-force.ts";
import { RenderedCluster } from "../../src/render/rendered-cluster.ts";
import { realGround } from "./support/real-ground.ts";

let client: KubeClient;
const namespaces = new Set<string>();
beforeAll(async () => {
  client = new KubeClient((await realGround()).connection);
});
afterAll(async () => {
  for (const name of namespaces) if (name !== "istio-system") await client.delete(kinds.Namespace, { name });
  await client.close();
});

/** Applies them all, in the order of a worker and with its marks; the objects that are refused, and why. */
async function refused(objects: readonly KubeObject[]): Promise<string[]> {
  const found: string[] = [];
  const ordered = objects.toSorted((a, b) => applyRank(objectKey(a)) - applyRank(objectKey(b)));
  for (const object of ordered) {
    if (object.kind === "Namespace") namespaces.add(object.metadata.name);
    const { object: sent } = stamp({ key: objectKey(object), object, rowRevision: 1 });
    await client
      .apply(sent, { fieldManager: "quipu", force: true, fieldValidation: "Strict" })
      .catch((error: Error) => found.push(`${keyText(objectKey(object))}: ${error.message}`));
  }
  return found;
}

/** What would be in force when all had been released, for each cluster. */
function rendered(documents: readonly Document[], situation: Situation = {}): KubeObject[][] {
  const rows = putInForce(documents, situation);
  return [...rows.lanes.keys()].map((cluster) => {
    const { objects } = new RenderedCluster(cluster, rows, { trustDomain: "quipu.local" });
    return [...objects.values()].map(({ object }) => object);
  });
}

describe("a real kube-apiserver with Istio's resource definitions accepts, strictly,", () => {
  test("what every cluster has before any app", async () => {
    expect(await refused(baseline({ gatewayReplicas: 2, network: "co-1" }))).toEqual([]);
  });

  test("every object of the sample super-app", async () => {
    const folders = ["fleet", "apps"].map((name) => join(root, "examples/superapp", name));
    const files = folders.flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));
    const clusters = [
      { name: "bogota", labels: { market: "co" } },
      { name: "montevideo", labels: { market: "uy" } },
    ].map(({ name, labels }) =>
      stringify({ apiVersion: "quipu.dev/v1", kind: "Cluster", metadata: { name, labels }, spec: { region: name } }),
    );
    // As `deploy` would: an artifact stands where the apps say nothing of an image.
    const documents = readDocuments(
      [...files.map((path) => readFileSync(path, "utf8")), ...clusters].join("\n---\n"),
    ).map((document) =>
      document.kind === "App" && document.spec.workload !== undefined
        ? { ...document, spec: { ...document.spec, workload: { image: "example/app:1", ...document.spec.workload } } }
        : document,
    );
    for (const objects of rendered(documents)) {
      expect(objects.length).toBeGreaterThan(50);
      expect(await refused(objects)).toEqual([]);
    }
  });

  const golden = join(root, "src/render/golden");
  const cases = readdirSync(golden, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  test.each(cases)("every object of the golden case %s", async (name) => {
    const parts = parseAllDocuments(readFileSync(join(golden, name, "in.yaml"), "utf8")).map(
      (document) => document.toJS() as Record<string, unknown>,
    );
    const situation = (parts.find((part) => part["kind"] === undefined) ?? {}) as Situation;
    const declared = parts.filter((part) => part["kind"] !== undefined);
    for (const objects of rendered(readDocuments(declared.map((part) => stringify(part)).join("---\n")), situation))
      expect(await refused(objects)).toEqual([]);
  });
});
