import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { Agent, request } from "node:https";
import type { IncomingHttpHeaders } from "node:http";
import { createRoot } from "../../trust/root.ts";
import { adminToken } from "./authentication.ts";
import { ObjectStore, type ObjectStoreOptions } from "./object-store.ts";
import { createApiServer, type ApiServer, type ApiServerOptions } from "./server.ts";
import { generateSigningKey, PodTokens } from "./tokens.ts";

// What a server answers is looked into freely in specs.
// oxlint-disable-next-line typescript/no-explicit-any
export type Loose = any;
export interface Reply {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  json: Loose;
}
export interface CallOptions {
  method?: string;
  body?: unknown;
  type?: string;
  headers?: Record<string, string>;
  token?: string | null;
  cert?: { cert: string; key: string };
}
export interface TestServer {
  store: ObjectStore;
  server: ApiServer;
  tokens: PodTokens;
  port: number;
  rootPem: string;
  /** Writes a kubeconfig of the admin token into a temporary folder that goes with `stop`. */
  kubeconfig(): string;
  /** `validity`: from when (Unix ms), and how long. */
  clientCertificate(
    commonName: string,
    organizations: string[],
    validity?: { now?: number; ttlMs?: number },
  ): Promise<{ cert: string; key: string }>;
  call(path: string, options?: CallOptions): Promise<Reply>;
  /** Lines of a watch as they come; the caller ends it. */
  watch(
    path: string,
    headers?: Record<string, string>,
  ): {
    events: Loose[];
    until(enough: (events: Loose[]) => boolean): Promise<Loose[]>;
    closed: Promise<void>;
    stop(): void;
  };
  stop(): Promise<void>;
}

export const testToken = "test-admin-token";

/** A real server on a free loopback port, for specs. */
export async function startTestServer(
  options: Partial<ApiServerOptions> & { storeOptions?: Partial<ObjectStoreOptions> } = {},
): Promise<TestServer> {
  const now = Date.now();
  const root = await createRoot({ trustDomain: "quipu.local", now });
  const intermediate = await root.issueIntermediate("test", { now });
  const tls = await intermediate.issueServer({ ips: ["127.0.0.1"], dnsNames: ["localhost"], now });
  const store =
    options.store ??
    new ObjectStore({
      path: ":memory:",
      now: () => new Date(),
      uid: () => crypto.randomUUID(),
      ...options.storeOptions,
    });
  const tokens = await PodTokens.create({
    store,
    now: () => new Date(),
    signingKey: await generateSigningKey(),
    issuer: "https://kubernetes.default.svc.cluster.local",
  });
  const server = createApiServer({
    store,
    tls: { key: tls.keyPem, cert: tls.certChainPem, ca: root.certPem },
    auth: { tokens: [adminToken(testToken)], podTokens: tokens },
    podLogs: () => {
      throw new Error("no logs here");
    },
    podProxy: () => Promise.reject(new Error("no proxy here")),
    version: { major: "1", minor: "36", gitVersion: "v1.36.3-quipu" },
    ...options,
  });
  const { port } = await server.listen("127.0.0.1", 0);
  const agent = new Agent({ keepAlive: true });
  const folder = mkdtempSync(join(tmpdir(), "quipu-api-"));

  const open = (
    path: string,
    { method = "GET", headers = {}, token = testToken, cert }: CallOptions,
    body?: string | Buffer,
  ) =>
    request({
      host: "127.0.0.1",
      port,
      path,
      method,
      ca: root.certPem,
      ...(cert === undefined ? { agent } : { ...cert, agent: false }),
      headers: {
        ...(token === null || cert !== undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { "content-length": Buffer.byteLength(body) }),
        ...headers,
      },
    });
  return {
    store,
    server,
    tokens,
    port,
    rootPem: root.certPem,
    kubeconfig() {
      const path = join(folder, "kubeconfig");
      writeFileSync(
        path,
        JSON.stringify({
          apiVersion: "v1",
          kind: "Config",
          "current-context": "test",
          clusters: [
            {
              name: "test",
              cluster: {
                server: `https://127.0.0.1:${port}`,
                "certificate-authority-data": Buffer.from(root.certPem).toString("base64"),
              },
            },
          ],
          users: [{ name: "admin", user: { token: testToken } }],
          contexts: [{ name: "test", context: { cluster: "test", user: "admin" } }],
        }),
        { mode: 0o600 },
      );
      return path;
    },
    async clientCertificate(commonName, organizations, validity = {}) {
      const { certChainPem, keyPem } = await intermediate.issueClient({ commonName, organizations, now, ...validity });
      return { cert: certChainPem, key: keyPem };
    },
    async call(path, given = {}) {
      const body =
        given.body === undefined
          ? undefined
          : typeof given.body === "string" || Buffer.isBuffer(given.body)
            ? given.body
            : JSON.stringify(given.body);
      const outgoing = open(
        path,
        {
          ...given,
          headers: {
            ...(body === undefined ? {} : { "content-type": given.type ?? "application/json" }),
            ...given.headers,
          },
        },
        body,
      );
      outgoing.end(body);
      return new Promise((resolve, reject) => {
        outgoing.on("error", reject).on("response", (response) => {
          const chunks: Buffer[] = [];
          response
            .on("error", reject)
            .on("data", (chunk: Buffer) => void chunks.push(chunk))
            .on("end", () => {
              const packed = response.headers["content-encoding"] === "gzip";
              const text = (packed ? gunzipSync(Buffer.concat(chunks)) : Buffer.concat(chunks)).toString();
              const json: Loose = /json/.test(String(response.headers["content-type"])) ? JSON.parse(text) : undefined;
              resolve({ status: response.statusCode!, headers: response.headers, text, json });
            });
        });
      });
    },
    watch(path, headers = {}) {
      const events: Loose[] = [];
      let wake = (): void => {};
      const outgoing = open(path, { headers });
      const closed = new Promise<void>((resolve) => {
        outgoing
          .on("error", () => resolve())
          .on("response", (response) => {
            let rest = "";
            response
              .on("error", () => {})
              .on("close", () => {
                resolve();
                wake();
              })
              .on("data", (chunk: Buffer) => {
                const lines = (rest + chunk.toString()).split("\n");
                rest = lines.pop()!;
                for (const line of lines) events.push(JSON.parse(line));
                wake();
              });
          });
      });
      outgoing.end();
      return {
        events,
        closed,
        async until(enough) {
          while (!enough(events))
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
          return events;
        },
        stop: () => void outgoing.destroy(),
      };
    },
    async stop() {
      agent.destroy();
      await server.close();
      if (options.store === undefined) store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
