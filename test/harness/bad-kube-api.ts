import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Agent, createServer, request } from "node:https";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { buffer } from "node:stream/consumers";
import type { TestServer } from "../../src/cluster/api/testing-server.ts";
import { createRoot } from "../../src/trust/root.ts";

/** What came, and the API's true answer, for whoever wants to spoil it. */
export interface Call {
  method: string;
  path: string;
  watch: boolean;
  response: ServerResponse;
  /** The API's whole answer; not for watches. */
  ask(): Promise<{ status: number; headers: IncomingMessage["headers"]; body: string }>;
  /** Passes request and answer on as they come. `change`: of each line of the answer, watches too. */
  pass(change?: (line: string) => string): void;
}
export type Fault = (call: Call) => void | Promise<void>;

export interface BadApi {
  port: number;
  rootPem: string;
  /** Undefined: everything passes. A new fault counts for what comes from now on; `hangUp` for what is open. */
  fault: Fault | undefined;
  /** `METHOD PATH` of all that was passed on to the API. */
  passed: string[];
  hangUp(): void;
  close(): Promise<void>;
}

/** A server that stands before an API and misbehaves as it is told. `certificate`: from when (Unix ms), how long, for whom. */
export async function startBadApi(
  api: Pick<TestServer, "port" | "rootPem">,
  certificate: { now?: number; ttlMs?: number; ips?: string[] } = {},
): Promise<BadApi> {
  const now = Date.now();
  const { now: from = now, ttlMs, ips = ["127.0.0.1"] } = certificate;
  const day = 86_400_000;
  const root = await createRoot({ trustDomain: "quipu.local", now: now - 3 * day });
  const issuer = await root.issueIntermediate("bad", { now: now - 3 * day });
  const tls = await issuer.issueServer({ ips, now: from, ...(ttlMs === undefined ? {} : { ttlMs }) });
  const agent = new Agent({ keepAlive: true });
  const bad: BadApi = {
    port: 0,
    rootPem: root.certPem,
    fault: undefined,
    passed: [],
    hangUp: () => server.closeAllConnections(),
    close: async () => {
      agent.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  const server = createServer({ key: tls.keyPem, cert: tls.certChainPem }, (incoming, response) => {
    void serve(incoming, response).catch(() => response.destroy());
  });

  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(incoming);
    const path = incoming.url!;
    const method = incoming.method!;
    const onward = () => {
      bad.passed.push(`${method} ${path}`);
      const { host: _, connection: __, ...headers } = incoming.headers;
      const outgoing = request({ host: "127.0.0.1", port: api.port, ca: api.rootPem, agent, path, method, headers });
      response.on("close", () => outgoing.destroy());
      outgoing.on("error", () => response.destroy()).end(body);
      return outgoing;
    };
    const call: Call = {
      method,
      path,
      watch: path.includes("watch=true"),
      response,
      ask: async () => {
        const [answer] = (await once(onward(), "response")) as [IncomingMessage];
        return { status: answer.statusCode!, headers: answer.headers, body: (await buffer(answer)).toString() };
      },
      pass: (change) =>
        void onward().on("response", (answer) => {
          const { "content-length": _, ...unmeasured } = answer.headers;
          response.writeHead(answer.statusCode!, change ? unmeasured : answer.headers);
          response.flushHeaders();
          answer.on("error", () => response.destroy());
          if (!change) return void answer.pipe(response);
          createInterface({ input: answer, crlfDelay: Infinity })
            .on("line", (line) => void response.write(`${change(line)}\n`))
            .on("error", () => response.destroy())
            .on("close", () => response.end());
        }),
    };
    if (bad.fault) await bad.fault(call);
    else call.pass();
  }
  await once(server.listen(0, "127.0.0.1"), "listening");
  bad.port = (server.address() as AddressInfo).port;
  return bad;
}

/** An answer of the API's kind. */
export function status(code: number, reason: string, message: string, headers: Record<string, string> = {}): Fault {
  const body = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", code, reason, message };
  return ({ response }) =>
    void response.writeHead(code, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}
/** Any other answer. */
export function text(code: number, body: string, headers: Record<string, string> = {}): Fault {
  return ({ response }) => void response.writeHead(code, headers).end(body);
}
/** Everything, by a clock that is so far behind: what objects tell of times, and the answer's date. */
export function behind(ms: number): Fault {
  const time = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z\b/g;
  return (call) => {
    call.response.setHeader("date", new Date(Date.now() - ms).toUTCString());
    call.pass((line) =>
      line.replaceAll(time, (at) => {
        const then = new Date(Date.parse(at) - ms).toISOString();
        return at.includes(".") ? then : then.replace(/\.\d+Z$/, "Z");
      }),
    );
  };
}
