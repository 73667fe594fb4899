import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import type { OutgoingHttpHeaders } from "node:http";
import { pino } from "pino";
import type { Grant } from "../access/grants.ts";
import { ensureToken } from "../access/tokens.ts";
import { ReleaseEngine } from "../release/engine.ts";
import { fakeFleet, nobodyCalls } from "../release/fake-fleet.ts";
import { ArtifactFiles } from "../store/artifact-files.ts";
import { openSqliteStore } from "../store/open-sqlite-store.ts";
import type { Store } from "../store/store.ts";
import { buildApi } from "./build-api.ts";
import type { ApiContext, ClusterAccess } from "./context.ts";

/** Who may ask, by their token: `other` is a developer too, of another team than the apps'. */
const tokens: Record<string, { subject: string; grants: Grant[] }> = {
  admin: { subject: "admin", grants: [{ role: "admin" }] },
  dev: { subject: "dana", grants: [{ role: "developer", team: "payments" }] },
  other: { subject: "otto", grants: [{ role: "developer", team: "search" }] },
  view: { subject: "vera", grants: [{ role: "viewer" }] },
};

/** A cluster of which only the ingress gateway's pod is known. */
const gatewayOnly = {
  instances: async (namespace: string, app: string) =>
    namespace === "istio-system" && app === "istio-ingressgateway"
      ? [{ cluster: "bogota", pod: "gw-1", revision: "", state: "ready", restarts: 0, ip: "127.17.1.1" }]
      : [],
} as Partial<ClusterAccess> as ClusterAccess;

/** A release that stays at half of the requests until a person says something. */
export const pausing = "steps: [{ weight: 50, hold: 0s }, { pause: {} }]";

interface Declared {
  team?: string;
  segment?: string;
  /** Fields of `spec.rollout`, in YAML's flow style. */
  rollout?: string;
}

/** An App in YAML; `spec`: more lines of its spec, indented by two. */
export function appText(
  name: string,
  spec = "",
  { team = "payments", segment = "money", rollout = "steps: [{ weight: 50, hold: 0s }]" }: Declared = {},
): string {
  return `
apiVersion: quipu.dev/v1
kind: App
metadata: { name: ${name}, labels: { tier: critical } }
spec:
  team: ${team}
  segment: ${segment}
  workload: { drain: 1ms, ports: [{ name: http, port: 8080 }] }
${spec}
  rollout: { ${rollout} }`;
}

/** An image of the app. */
export function imageOf(app: string, tag: number): string {
  return `registry.example/${app}:${tag}`;
}

export interface Ask {
  /** A string is sent as YAML, a Buffer as an archive, anything else as JSON. */
  body?: unknown;
  /** null: none is sent. Default: the admin's. */
  token?: string | null;
  headers?: Record<string, string>;
}

export interface Answer {
  status: number;
  headers: OutgoingHttpHeaders;
  text: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- JSON of any shape, which the test knows
  body: any;
}

function typeOf(body: unknown): string | undefined {
  if (typeof body === "string") return "application/yaml";
  if (body instanceof Buffer) return "application/x-tar";
  return body === undefined ? undefined : "application/json";
}

/** For tests: the HTTP API over a store of its own, with the real release engine and a fake fleet of two clusters. */
export class ApiGround {
  readonly server: FastifyInstance;
  readonly store: Store;
  readonly engine: ReleaseEngine;
  readonly #clear: () => Promise<void>;
  constructor(server: FastifyInstance, store: Store, engine: ReleaseEngine, clear: () => Promise<void>) {
    this.server = server;
    this.store = store;
    this.engine = engine;
    this.#clear = clear;
  }

  async call(method: string, url: string, { body, token = "admin", headers = {} }: Ask = {}): Promise<Answer> {
    const type = typeOf(body);
    const { statusCode, ...answer } = await this.server.inject({
      method: method as "GET",
      url,
      headers: {
        ...(token !== null && { authorization: `Bearer ${token}` }),
        ...(type !== undefined && { "content-type": type }),
        ...headers,
      },
      ...(body !== undefined && {
        payload: typeof body === "string" || body instanceof Buffer ? body : JSON.stringify(body),
      }),
    });
    const text = answer.body;
    return {
      status: statusCode,
      headers: answer.headers,
      text,
      body: text.startsWith("{") ? JSON.parse(text) : undefined,
    };
  }

  get(url: string, ask: Ask = {}): Promise<Answer> {
    return this.call("GET", url, ask);
  }

  /** Declares an App. */
  put(name: string, spec = "", ask: Ask = {}, declared: Declared = {}): Promise<Answer> {
    return this.call("PUT", `/api/v1/apps/${name}`, { body: appText(name, spec, declared), ...ask });
  }

  /** Deploys an image, and waits until no release is under way. */
  async deploy(name: string, image: string, ask: Ask = {}): Promise<Answer> {
    const answer = await this.call("POST", `/api/v1/apps/${name}/deploys`, { body: { image }, ...ask });
    await this.engine.idle();
    return answer;
  }

  /** Of the newest committed write: what changes nothing leaves it. */
  revision(): Promise<number> {
    return this.store.read((tx) => tx.revision());
  }

  async stop(): Promise<void> {
    await this.server.close();
    await this.engine.stop();
    await this.#clear();
  }
}

/** `trouble`: why pods of a revision aren't ready; undefined: they are. `now`: Unix ms. */
export async function startApi({
  trouble = () => undefined,
  now = Date.now,
  agents,
  clusters = new Map([["bogota", gatewayOnly]]),
}: {
  trouble?: (app: string, revision: string, image: string) => string | undefined;
  now?: () => number;
  agents?: ApiContext["agents"];
  clusters?: ApiContext["clusters"];
} = {}): Promise<ApiGround> {
  const folder = mkdtempSync(join(tmpdir(), "quipu-api-"));
  const store = await openSqliteStore(join(folder, "quipu.db"), { now });
  await store.write(async (tx) => {
    const token = { kind: "machine", expires: null } as const;
    for (const [id, holder] of Object.entries(tokens)) await ensureToken(tx, { ...token, id, secret: id, ...holder });
    const grants: Grant[] = [{ role: "artifacts" }];
    await ensureToken(tx, {
      ...token,
      kind: "cluster",
      id: "clusters",
      subject: "clusters",
      secret: "cluster",
      grants,
    });
    for (const [name, market] of Object.entries({ bogota: "co", lima: "pe" }))
      await tx.put({
        apiVersion: "quipu.dev/v1",
        kind: "Cluster",
        metadata: { name, labels: { market } },
        spec: { region: market },
      });
  });
  const stopFleet = fakeFleet(store, ["bogota", "lima"], { trouble });
  const engine = new ReleaseEngine({
    store,
    acknowledger: { ask: async () => ({ done: true, evidence: "1 of 1 proxies" }), close: async () => undefined },
    evidence: nobodyCalls,
    now,
    log: { info: () => undefined, error: console.error },
  });
  await engine.start();
  let secrets = 0;
  const { app } = await buildApi({
    store,
    engine,
    evidence: nobodyCalls,
    artifacts: new ArtifactFiles(join(folder, "artifacts")),
    clusters,
    ...(agents !== undefined && { agents }),
    trustDomain: "quipu.local",
    log: pino({ level: "silent" }),
    now,
    secret: () => `secret-${++secrets}`,
    notReady: () => [],
  });
  return new ApiGround(app, store, engine, async () => {
    stopFleet();
    await store.close();
    rmSync(folder, { recursive: true });
  });
}
