import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { eventually } from "../../test/harness/eventually.ts";
import type { Cluster } from "../model/cluster.ts";
import { openSqliteStore } from "../store/open-sqlite-store.ts";
import type { Store } from "../store/store.ts";
import { FleetPauses } from "./fleet-pauses.ts";

let folder: string;
let store: Store;
let pauses: FleetPauses;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "quipu-pauses-"));
  store = await openSqliteStore(join(folder, "quipu.db"));
  pauses = new FleetPauses(store);
});
afterEach(async () => {
  await pauses.close();
  await store.close();
  rmSync(folder, { recursive: true });
});

const until = "2026-11-23T06:00:00Z";
const cluster = (name: string, paused?: object[]) => ({
  apiVersion: "quipu.dev/v1",
  kind: "Cluster",
  metadata: { name },
  spec: { region: "pe", ...(paused !== undefined && { healing: { paused } }) },
});
const declare = (name: string, paused?: object[]) => store.write((tx) => tx.put(cluster(name, paused)));

test("what documents say at the start, and as they change and go; whoever asked first hears of it", async () => {
  await declare("lima", [{ until, apps: ["checkout"], why: "at night" }]);
  const early = pauses.of("quito");
  await pauses.start((error) => expect.fail(String(error)));
  expect(pauses.of("lima").pauses).toEqual([{ until: Date.parse(until), apps: ["checkout"], why: "at night" }]);
  let told = 0;
  early.listen(() => told++);
  await declare("quito", [{ until }]);
  await eventually(() => expect(early.pauses).toEqual([{ until: Date.parse(until) }]));
  expect([told, pauses.of("quito")]).toEqual([1, early]);
  await declare("quito");
  await eventually(() => expect(early.pauses).toEqual([]));
  await store.write((tx) => tx.delete("Cluster", "lima"));
  await eventually(() => expect(pauses.of("lima").pauses).toEqual([]));
});

test("whoever hears of a Cluster first may say so; the same told again wakes nobody", async () => {
  await pauses.start((error) => expect.fail(String(error)));
  pauses.heard(cluster("lima", [{ until }]) as unknown as Cluster, 1);
  let told = 0;
  pauses.of("lima").listen(() => told++);
  await declare("lima", [{ until }]);
  await declare("quito", [{ until }]);
  await eventually(() => expect(pauses.of("quito").pauses).toHaveLength(1));
  expect(told).toBe(0);
});

test("whoever tells of a Cluster later than others have heard, for it had something else to do, tells nothing new", async () => {
  await pauses.start((error) => expect.fail(String(error)));
  const { revision } = await declare("lima");
  await declare("lima", [{ until }]);
  await eventually(() => expect(pauses.of("lima").pauses).toHaveLength(1));
  pauses.heard(cluster("lima") as unknown as Cluster, revision);
  expect(pauses.of("lima").pauses).toHaveLength(1);
  await store.write((tx) => tx.delete("Cluster", "lima"));
  await eventually(() => expect(pauses.of("lima").pauses).toEqual([]));
  pauses.heard(cluster("lima", [{ until }]) as unknown as Cluster, revision + 1);
  expect(pauses.of("lima").pauses).toEqual([]);
});
