import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startTestServer, testToken } from "../cluster/api/testing-server.ts";
import { kinds } from "../objects/kinds.ts";
import { openSqliteStore } from "../store/open-sqlite-store.ts";
import { eventually } from "../../test/harness/eventually.ts";
import { openClusterLink } from "./cluster-link.ts";

test("what a transaction puts in force is applied and reported to the store; a new link takes up where the last one ended", async () => {
  const folder = mkdtempSync(join(tmpdir(), "quipu-link-"));
  const api = await startTestServer();
  const store = await openSqliteStore(join(folder, "quipu.db"));
  const connection = { server: `https://127.0.0.1:${api.port}`, ca: api.rootPem, token: testToken };
  const events: string[] = [];
  const open = () =>
    openClusterLink({
      cluster: "lima",
      connection,
      store,
      trustDomain: "quipu.local",
      event: ({ type }) => events.push(type),
    });
  const base = (labels: Record<string, string>, hash: string) =>
    store.write(async (tx) => {
      await tx.putSnapshot({ hash, content: { part: "base", value: { segment: "money", labels, mtls: "STRICT" } } });
      await tx.putBase({ segment: "money", cluster: "lima", snapshot: hash });
      return tx.next;
    });
  let link = open();
  try {
    const revision = await base({ tier: "one" }, "h1");
    await eventually(() => expect(store.seen().get("lima")).toMatchObject({ applied: revision, ready: {} }));
    expect(store.seen().get("lima")).not.toHaveProperty("error");
    expect((await link.kube.get(kinds.Namespace, { name: "money" })).metadata).toMatchObject({
      labels: { tier: "one" },
      annotations: { "quipu.dev/row-revision": String(revision) },
    });
    expect(
      await link.kube.find(kinds.Deployment, { namespace: "istio-system", name: "istio-ingressgateway" }),
    ).toBeDefined();
    await link.close();

    events.length = 0;
    const next = await base({ tier: "two" }, "h2");
    link = open();
    // Until the cluster has been read, the last report stands.
    expect(link.worker.seen()).toMatchObject({ applied: revision });
    await eventually(() => expect(store.seen().get("lima")).toMatchObject({ applied: next }));
    // The namespace alone: its two policies say what they said. Nothing of the baseline.
    expect(events).toEqual(["applied"]);
  } finally {
    await link.close();
    await store.close();
    await api.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
