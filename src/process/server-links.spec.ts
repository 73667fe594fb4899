import { pino } from "pino";
import { expect, test } from "vitest";
import type { Cluster } from "../model/cluster.ts";
import type { AuthorizationPolicy } from "../objects/istio.ts";
import { Healing } from "../fleet/healing.ts";
import { putInForce, readDocuments } from "../render/golden/put-in-force.ts";
import type { Store } from "../store/store.ts";
import type { Way } from "./joined-cluster.ts";
import { openJoined, ServerLinks } from "./server-links.ts";

const rows = putInForce(
  readDocuments(`
apiVersion: quipu.dev/v1
kind: App
metadata: { name: catalog }
spec: { team: food, segment: food, workload: { ports: [{ name: http, port: 8080 }] } }
---
apiVersion: quipu.dev/v1
kind: App
metadata: { name: search }
spec: { team: food, segment: food, workload: { ports: [{ name: http, port: 8080 }] }, calls: [{ app: catalog }] }
---
apiVersion: quipu.dev/v1
kind: Cluster
metadata: { name: lima }
spec: { region: pe }
`),
);
const store = {
  inForce: () => rows,
  onInForce: () => () => undefined,
  seen: () => new Map(),
  putSeen: () => Promise.resolve(),
  read: () => new Promise(() => undefined),
} as unknown as Store;

const kubeconfig: Way = { by: "kubeconfig", connection: { server: "http://127.0.0.1:1" } };
const lima = (spec: object): Cluster => ({
  apiVersion: "quipu.dev/v1",
  kind: "Cluster",
  metadata: { name: "lima" },
  spec: { region: "pe", connection: { kubeconfig: { context: "lima" } }, ...spec },
});

// A policy that names another trust domain than the mesh's admits nobody.
test.each([
  ["its mesh's own, whatever it is called", {}, "cluster.local"],
  ["another that the document names", { trustDomain: "pe.example" }, "pe.example"],
])("identities in a cluster that joins are of %s", async (_, spec, domain) => {
  const log = pino({ level: "silent" });
  const links = new ServerLinks({ store, trustDomain: "quipu.local", log, pauses: { of: () => new Healing() } });
  const joined = openJoined(links, lima(spec), kubeconfig, () => undefined);
  try {
    const policy = [...links.links.get("lima")!.desired.objects()]
      .map(({ object }) => object as AuthorizationPolicy)
      .find(({ kind, metadata }) => kind === "AuthorizationPolicy" && metadata.name === "catalog");
    expect(policy?.spec?.rules).toMatchObject([
      { from: [{ source: { principals: [`${domain}/ns/food/sa/search`] } }] },
    ]);
    // What people are shown beforehand is what the cluster gets.
    expect(links.trustDomain("lima")).toBe(domain);
    expect(links.trustDomain("bogota")).toBe("quipu.local");
  } finally {
    await joined.close();
  }
});

test("a cluster that may be another one than is meant acknowledges nothing", async () => {
  const log = pino({ level: "silent" });
  const links = new ServerLinks({ store, trustDomain: "quipu.local", log, pauses: { of: () => new Healing() } });
  const joined = links.open({
    ...{ name: "lima", embedded: false, connection: { server: "http://127.0.0.1:1" }, kubeconfig: () => "" },
    mesh: () => ({ ask: async () => ({ done: true, evidence: "1 of 1 proxies" }), close: async () => undefined }),
  });
  try {
    expect(await links.acknowledgers.ask("lima", "catalog", 5, "remove")).toEqual({
      done: false,
      evidence: "it isn't known yet which cluster this is",
    });
  } finally {
    await joined.close();
  }
});
