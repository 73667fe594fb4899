import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pino } from "pino";
import type { FastifyInstance } from "fastify";
import { ensureToken } from "../../../src/access/tokens.ts";
import { buildApi } from "../../../src/api/build-api.ts";
import type { ApiContext } from "../../../src/api/context.ts";
import type { Seen } from "../../../src/model/rows.ts";
import { ReleaseEngine } from "../../../src/release/engine.ts";
import type { EvidenceSource } from "../../../src/release/observe.ts";
import { fakeFleet, nobodyCalls } from "../../../src/release/fake-fleet.ts";
import { ArtifactFiles } from "../../../src/store/artifact-files.ts";
import { openSqliteStore } from "../../../src/store/open-sqlite-store.ts";
import type { Store } from "../../../src/store/store.ts";

const webRoot = fileURLToPath(new URL("../../../web/dist", import.meta.url));

export interface World {
  url: string;
  store: Store;
  engine: ReleaseEngine;
  app: FastifyInstance;
  /** PUT or POST as the admin. Throws when it is refused. */
  send(method: "PUT" | "POST" | "DELETE", path: string, body?: unknown): Promise<unknown>;
  /** A link that signs in once. */
  signInLink(): Promise<string>;
  close(): Promise<void>;
}

/** A real API server with a real store and release engine on a port of its own; only the clusters are pretended. */
export async function startWorld({
  clusters = ["bogota", "montevideo"],
  context = {},
  trouble,
  evidenceOf = () => nobodyCalls,
  silent,
  told,
}: {
  clusters?: readonly string[];
  context?: Partial<ApiContext>;
  trouble?: (app: string, revision: string, image: string) => string | undefined;
  /** What releases are judged by. Default: nobody calls. */
  evidenceOf?: (store: Store) => EvidenceSource;
  /** Clusters out of contact. */
  silent?: () => readonly string[];
  /** What was changed by hand in a cluster. */
  told?: (cluster: string) => Pick<Seen, "drift" | "drifting" | "unhealthy">;
} = {}): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), "quipu-web-"));
  const store = await openSqliteStore(join(folder, "quipu.db"));
  await store.write((tx) =>
    ensureToken(tx, {
      id: "admin",
      subject: "admin",
      kind: "machine",
      secret: "admin-secret",
      grants: [{ role: "admin" }],
      expires: null,
    }),
  );
  const evidence = evidenceOf(store);
  const engine = new ReleaseEngine({
    store,
    acknowledger: { ask: async () => ({ done: true, evidence: "1 of 1 proxies" }), close: async () => undefined },
    evidence,
    now: Date.now,
    log: { info: () => undefined, error: console.error },
  });
  await engine.start();
  let secrets = 0;
  const { app } = await buildApi({
    store,
    engine,
    evidence,
    artifacts: new ArtifactFiles(join(folder, "artifacts")),
    clusters: new Map(),
    trustDomain: "quipu.local",
    log: pino({ level: "silent" }),
    now: Date.now,
    secret: () => `secret-${++secrets}`,
    notReady: () => [],
    webRoot,
    ...context,
  });
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  const send = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: "Bearer admin-secret",
        ...(body !== undefined && { "content-type": "application/json" }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  for (const name of clusters)
    await send("PUT", `/api/v1/clusters/${name}`, {
      apiVersion: "quipu.dev/v1",
      kind: "Cluster",
      metadata: { name, labels: { market: name.slice(0, 2) } },
      spec: { region: name.slice(0, 2), zone: `${name.slice(0, 2)}-a`, provider: "embedded" },
    });
  const stopFleet = fakeFleet(store, clusters, {
    againMs: 500,
    ...(trouble && { trouble }),
    ...(silent && { silent }),
    ...(told && { told }),
  });
  return {
    url,
    store,
    engine,
    app,
    send,
    signInLink: async () => ((await send("POST", "/api/v1/session/links", {})) as { url: string }).url,
    async close() {
      await app.close();
      await engine.stop();
      stopFleet();
      await store.close();
      rmSync(folder, { recursive: true });
    },
  };
}
