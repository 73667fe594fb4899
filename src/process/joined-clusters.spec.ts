import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { eventually } from "../../test/harness/eventually.ts";
import { openSqliteStore } from "../store/open-sqlite-store.ts";
import type { Store } from "../store/store.ts";
import { JoinedClusters } from "./joined-clusters.ts";

let folder: string;
let store: Store;
let joined: JoinedClusters;
/** Contexts that the kubeconfig has. */
let contexts: Set<string>;
/** Open links, `NAME by CONTEXT`. */
let open: string[];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "quipu-joined-"));
  store = await openSqliteStore(join(folder, "quipu.db"));
  contexts = new Set(["one"]);
  open = [];
  joined = new JoinedClusters({
    store,
    embedded: new Set(["bogota"]),
    way: ({ spec }) => {
      if (spec.connection!.agent === true) return { by: "agent" };
      const { context } = spec.connection!.kubeconfig!;
      if (!contexts.has(context)) throw new Error(`there is no context ${context}`);
      return { by: "kubeconfig", connection: { server: `https://${context}` } };
    },
    open: ({ metadata }, way) => {
      const link = `${metadata.name} by ${way.by === "agent" ? "its agent" : way.connection.server.slice(8)}`;
      open.push(link);
      return { close: async () => void open.splice(open.indexOf(link), 1) };
    },
    log: { info: () => undefined, warn: () => undefined },
    rereadMs: { waiting: 10, linked: 10 },
  });
});
afterEach(async () => {
  await joined.close();
  await store.close();
  rmSync(folder, { recursive: true });
});

const declare = (name: string, context?: string, more: object = {}) =>
  store.write((tx) =>
    tx.put({
      apiVersion: "quipu.dev/v1",
      kind: "Cluster",
      metadata: { name, ...more },
      spec: { region: "pe", ...(context !== undefined && { connection: { kubeconfig: { context } } }) },
    }),
  );
const problem = (name: string) => store.seen().get(name)?.error;

test("those that are declared at the start, and those that come later; what isn't reached by a kubeconfig isn't tried", async () => {
  await declare("uno", "one");
  await declare("bogota", "one");
  await declare("plain");
  await joined.start();
  expect(open).toEqual(["uno by one"]);
  contexts.add("two");
  await declare("dos", "two");
  await eventually(() => expect(open).toEqual(["uno by one", "dos by two"]));
});

test("a context that comes later; one that has got another name; a label that changes nothing", async () => {
  await declare("uno", "two");
  await joined.start();
  expect(open).toEqual([]);
  await eventually(() => expect(problem("uno")).toBe("there is no context two"));
  contexts.add("two");
  await eventually(() => expect(open).toEqual(["uno by two"]));
  const [link] = open;
  await declare("uno", "two", { labels: { market: "pe" } });
  contexts.delete("two");
  contexts.add("three");
  await declare("uno", "three");
  await eventually(() => expect(open).toEqual(["uno by three"]));
  expect(link).toBe("uno by two");
});

test("a Cluster may change over to an agent", async () => {
  await declare("uno", "one");
  await joined.start();
  await store.write((tx) =>
    tx.put({
      apiVersion: "quipu.dev/v1",
      kind: "Cluster",
      metadata: { name: "uno" },
      spec: { region: "pe", connection: { agent: true } },
    }),
  );
  await eventually(() => expect(open).toEqual(["uno by its agent"]));
});

test("a Cluster leaves when its document goes or names no kubeconfig any more, and says so", async () => {
  contexts.add("two");
  await declare("uno", "one");
  await declare("dos", "two");
  await joined.start();
  await declare("uno");
  await store.write((tx) => tx.delete("Cluster", "dos"));
  await eventually(() => expect(open).toEqual([]));
  await eventually(() => expect(problem("uno")).toMatch(/it has left.*What was made there stays/));
  await declare("uno", "one");
  await eventually(() => expect(open).toEqual(["uno by one"]));
});

test("closing ends every link and looks no more", async () => {
  await declare("uno", "one");
  await joined.start();
  await joined.close();
  expect(open).toEqual([]);
  contexts.clear();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(problem("uno")).toBeUndefined();
});
