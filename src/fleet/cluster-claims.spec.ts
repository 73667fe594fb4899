import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openSqliteStore } from "../store/open-sqlite-store.ts";
import type { Store } from "../store/store.ts";
import { clusterUid, ClusterClaims } from "./cluster-claims.ts";

let folder: string;
let store: Store;
let linked: Set<string>;
let now: number;
const claims = () => new ClusterClaims({ store, linked: (name) => linked.has(name), now: () => now });
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "quipu-claims-"));
  store = await openSqliteStore(join(folder, "quipu.db"));
  linked = new Set();
  now = Date.now() + 60_000;
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

const kubeconfig = { context: "one" };
async function declare(name: string, spec: object = { connection: { kubeconfig } }): Promise<void> {
  const body = { apiVersion: "quipu.dev/v1", kind: "Cluster", metadata: { name }, spec: { region: "pe", ...spec } };
  await store.write((tx) => tx.put(body));
}
const made = async (name: string) => (await store.read((tx) => tx.ledger(name))).map(({ key }) => key);
const make = (name: string, ...keys: string[]) =>
  store.write((tx) =>
    tx.putLedger(
      name,
      keys.map((key) => ({ key, revision: 1, hash: "a.b.made" })),
    ),
  );

test("the first cluster that answers under a name is remembered with it, also by the next process", async () => {
  await declare("uno");
  expect(await claims().claim("uno", "aaa")).toEqual({ identity: { uid: "aaa", since: now }, fresh: false });
  expect(store.seen().get("uno")).toMatchObject({ identity: { uid: "aaa", since: now } });
  const since = now;
  now += 1000;
  expect(await claims().claim("uno", "aaa")).toEqual({ identity: { uid: "aaa", since }, fresh: false });
});

test("of two names of one cluster the second is refused, also when both come at once, or a report hides what was kept", async () => {
  await declare("uno");
  await declare("dos");
  const both = claims();
  const answers = await Promise.allSettled([both.claim("uno", "aaa"), both.claim("dos", "aaa")]);
  expect(answers.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
  await store.putSeen({ cluster: "uno", applied: 3, ready: {}, at: now });
  await expect(both.claim("dos", "aaa")).rejects.toThrow(/the same cluster as uno.*kube-system has the UID aaa/);
  // Another one is free to be taken.
  expect(await both.claim("dos", "bbb")).toMatchObject({ fresh: false });
});

test("a name that has left gives its cluster free; an embedded one never does while it runs", async () => {
  await declare("uno");
  await declare("dos");
  await claims().claim("uno", "aaa");
  await declare("uno", {});
  expect(await claims().claim("dos", "aaa")).toMatchObject({ identity: { uid: "aaa" } });

  await declare("bogota", {});
  linked.add("bogota");
  await claims().claim("bogota", "ccc", { replaceable: true });
  await declare("copy");
  await expect(claims().claim("copy", "ccc")).rejects.toThrow(/the same cluster as bogota/);
});

test("a name that suddenly reaches another cluster is refused, until the document says that this one is meant", async () => {
  await declare("uno");
  await claims().claim("uno", "aaa");
  await store.putSeen({ ...store.seen().get("uno")!, applied: 9, ready: { checkout: { r1: { ready: 2, total: 2 } } } });
  await make("uno", "v1/Service/money/checkout");
  await expect(claims().claim("uno", "bbb")).rejects.toThrow(
    /another cluster than before.*set spec\.connection\.uid to bbb/,
  );
  expect(await made("uno")).toEqual(["v1/Service/money/checkout"]);

  await declare("uno", { connection: { kubeconfig, uid: "bbb" } });
  now += 1000;
  expect(await claims().claim("uno", "bbb")).toEqual({ identity: { uid: "bbb", since: now }, fresh: true });
  // Nothing that was made elsewhere is looked for, or counted, there.
  expect(await made("uno")).toEqual([]);
  expect(store.seen().get("uno")).toEqual({
    cluster: "uno",
    applied: 0,
    ready: {},
    at: 0,
    identity: { uid: "bbb", since: now },
  });
  await expect(claims().claim("uno", "aaa")).rejects.toThrow(/spec\.connection\.uid says that it must be bbb/);
});

test("a document that was deleted and comes again may mean another cluster; where it means the same, it goes on", async () => {
  await declare("uno");
  now = Date.now();
  await claims().claim("uno", "aaa");
  await make("uno", "v1/Service/money/checkout");
  const again = async () => {
    await store.write((tx) => tx.delete("Cluster", "uno"));
    await new Promise((resolve) => setTimeout(resolve, 5));
    await declare("uno");
    now = Date.now();
  };
  await again();
  expect(await claims().claim("uno", "aaa")).toMatchObject({ fresh: false });
  expect(await made("uno")).toHaveLength(1);
  await again();
  expect(await claims().claim("uno", "bbb")).toMatchObject({ fresh: true });
  expect(await made("uno")).toEqual([]);
});

test("an embedded cluster that was lost and made anew is the cluster of its name again", async () => {
  await declare("bogota", { provider: "embedded" });
  linked.add("bogota");
  await claims().claim("bogota", "aaa", { replaceable: true });
  expect(await claims().claim("bogota", "bbb", { replaceable: true })).toMatchObject({ fresh: true });
});

test("a cluster that doesn't say which it is, isn't taken for any", async () => {
  const uid = (metadata: object) =>
    clusterUid({ get: async <T>() => ({ metadata: { name: "kube-system", ...metadata } }) as T });
  expect(await uid({ uid: "u" })).toBe("u");
  for (const none of [{}, { uid: "" }, { uid: 7 }])
    await expect(uid(none)).rejects.toMatchObject({ code: "kube/malformed" });
});
