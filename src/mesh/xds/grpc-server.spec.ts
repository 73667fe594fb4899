import { connect } from "node:http2";
import { mkdtempSync, rmSync } from "node:fs";
import { connect as connectSocket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import type { ServiceError } from "@grpc/grpc-js";
import { afterEach, expect, test } from "vitest";
import { createRoot } from "../../trust/root.ts";
import { frame } from "./grpc-frame.ts";
import { GrpcServer, unary } from "./grpc-server.ts";
import type { GrpcMethod } from "./grpc-server.ts";
import { GrpcError, grpcStatus } from "./grpc-status.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});
const same = (bytes: Buffer): Buffer => bytes;

/** A server with these methods and an independent client (grpc-js) for it. */
async function serve(
  methods: Record<string, GrpcMethod>,
  maxMessageBytes?: number,
): Promise<{ client: Client; server: GrpcServer; port: number }> {
  const server = new GrpcServer({ methods, ...(maxMessageBytes !== undefined && { maxMessageBytes }) });
  const port = await server.listen({ host: "127.0.0.1", port: 0 });
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  cleanups.push(
    () => server.close(100),
    () => client.close(),
  );
  return { client, server, port };
}

function call(client: Client, path: string, text: string, deadlineMs?: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
    client.makeUnaryRequest(path, same, same, Buffer.from(text), new Metadata(), options, (error, value) =>
      error ? reject(error) : resolve(String(value)),
    );
  });
}
async function failure(answer: Promise<unknown>): Promise<{ code: number; details: string }> {
  const error = (await answer.then(
    () => {
      throw new Error("the call succeeded");
    },
    (reason: unknown) => reason,
  )) as ServiceError;
  return { code: error.code, details: error.details };
}

test("unary calls: answers, errors with their status, unknown methods", async () => {
  const { client } = await serve({
    "/t.T/Upper": unary((bytes) => Buffer.from(bytes.toString().toUpperCase())),
    "/t.T/Fail": unary(() => {
      throw new GrpcError(grpcStatus.permissionDenied, "not für you: 100%");
    }),
  });
  expect(await call(client, "/t.T/Upper", "quipu")).toBe("QUIPU");
  expect(await failure(call(client, "/t.T/Fail", ""))).toEqual({ code: 7, details: "not für you: 100%" });
  expect((await failure(call(client, "/t.T/None", ""))).code).toBe(12);
});

test("a message above the limit is refused", async () => {
  const { client } = await serve({ "/t.T/Same": unary(same) }, 1000);
  expect(await call(client, "/t.T/Same", "x".repeat(1000))).toHaveLength(1000);
  expect(await failure(call(client, "/t.T/Same", "x".repeat(1001)))).toMatchObject({
    code: 8,
    details: expect.stringContaining("1001 bytes"),
  });
});

test("the client's deadline ends the call on the server", async () => {
  let aborted!: () => void;
  const seen = new Promise<void>((resolve) => (aborted = resolve));
  const { port } = await serve({
    "/t.T/Slow": unary((_, { signal }) => new Promise(() => signal.addEventListener("abort", () => aborted()))),
  });
  const session = connect(`http://127.0.0.1:${port}`);
  cleanups.push(() => session.destroy());
  const stream = session.request({
    ":method": "POST",
    ":path": "/t.T/Slow",
    "content-type": "application/grpc",
    "grpc-timeout": "30m",
  });
  const status = new Promise((resolve) => stream.on("response", (headers) => resolve(headers["grpc-status"])));
  stream.end(frame(Buffer.from("x")));
  expect(await status).toBe("4");
  await seen;
});

test("both sides stream; the server's end carries its trailers", async () => {
  const { client } = await serve({
    "/t.T/Echo": (stream) => ({
      message(bytes) {
        stream.write(frame(bytes));
        if (bytes.toString() === "stop") stream.end(grpcStatus.unavailable, "moved");
      },
    }),
  });
  const stream = client.makeBidiStreamRequest("/t.T/Echo", same, same);
  const seen: string[] = [];
  stream.on("data", (bytes: Buffer) => seen.push(bytes.toString()));
  const ended = new Promise<ServiceError>((resolve) => stream.on("error", (error) => resolve(error as ServiceError)));
  for (const text of ["a", "b", "stop", "late"]) stream.write(Buffer.from(text));
  expect((await ended).details).toBe("moved");
  expect(seen).toEqual(["a", "b", "stop"]);
});

test("nothing is read before the method is ready; the method hears of room and of the end", async () => {
  const events: string[] = [];
  let open!: () => void;
  const opened = new Promise<void>((resolve) => (open = resolve));
  let over!: () => void;
  const closed = new Promise<void>((resolve) => (over = resolve));
  const { client } = await serve({
    "/t.T/Flood": async (stream) => {
      await opened;
      events.push("ready");
      const flood = () => {
        while (stream.write(frame(Buffer.alloc(64 * 1024)))) events.push("room");
        events.push("full");
      };
      let drained = false;
      return {
        message: () => flood(),
        drain() {
          if (!drained) events.push("drain");
          drained = true;
        },
        closed() {
          events.push("closed");
          over();
        },
      };
    },
  });
  const stream = client.makeBidiStreamRequest("/t.T/Flood", same, same);
  stream.on("error", () => {});
  stream.write(Buffer.from("go"));
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(events).toEqual([]);
  open();
  await new Promise<void>((resolve) => stream.once("data", () => resolve()));
  stream.resume();
  while (!events.includes("drain")) await new Promise((resolve) => setTimeout(resolve, 5));
  stream.cancel();
  await closed;
  expect(events[0]).toBe("ready");
  expect(events.indexOf("full")).toBeLessThan(events.indexOf("drain"));
  expect(events.filter((event) => event === "closed")).toHaveLength(1);
});

test("serves a Unix socket and closes in order", async () => {
  const folder = mkdtempSync(join(tmpdir(), "quipu-grpc-"));
  cleanups.push(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "s");
  const server = new GrpcServer({ methods: { "/t.T/Same": unary(same) } });
  await server.listen({ path });
  const client = new Client(`unix:${path}`, credentials.createInsecure());
  expect(await call(client, "/t.T/Same", "over a socket")).toBe("over a socket");
  client.close();
  await server.close(100);
  expect((await new Promise<NodeJS.ErrnoException>((resolve) => connectSocket(path).on("error", resolve))).code).toBe(
    "ENOENT",
  );
});

test("with a certificate it speaks TLS, and nothing else", async () => {
  const root = await createRoot({ trustDomain: "quipu.local", now: Date.now() });
  const intermediate = await root.issueIntermediate("alpha", { now: Date.now() });
  const spiffeId = "spiffe://quipu.local/ns/istio-system/sa/mesh";
  const { certChainPem, keyPem } = await intermediate.issueWorkload({ spiffeId, now: Date.now() });
  const server = new GrpcServer({
    methods: { "/t.T/Same": unary(same) },
    tls: { cert: certChainPem, key: keyPem },
  });
  const port = await server.listen({ host: "127.0.0.1", port: 0 });
  // It is the identity that such a certificate names, not a host.
  const trusting = credentials.createSsl(Buffer.from(root.certPem), null, null, {
    checkServerIdentity: (_, { subjectaltname }) =>
      subjectaltname === `URI:${spiffeId}` ? undefined : new Error(`it is ${subjectaltname}`),
  });
  const clients = [trusting, credentials.createSsl(), credentials.createInsecure()].map(
    (one) => new Client(`127.0.0.1:${port}`, one),
  );
  cleanups.push(
    () => server.close(100),
    () => clients.forEach((client) => client.close()),
  );
  expect(await call(clients[0]!, "/t.T/Same", "quipu")).toBe("quipu");
  for (const client of clients.slice(1)) expect((await failure(call(client, "/t.T/Same", "quipu"))).code).toBe(14);
});
