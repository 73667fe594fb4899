import { once } from "node:events";
import { createServer as createHttpServer, type IncomingMessage } from "node:http";
import { connect, createServer as createTcpServer, type AddressInfo, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { eventually } from "../../test/harness/eventually.ts";
import { startBadApi, status } from "../../test/harness/bad-kube-api.ts";
import { startTestServer, testToken, type TestServer } from "../cluster/api/testing-server.ts";
import { kinds } from "../objects/kinds.ts";
import { createRoot } from "../trust/root.ts";
import type { KubeConnection } from "./kube-connection.ts";
import { KubeClient } from "./kube-client.ts";
import { Transport, type TransportOptions } from "./transport.ts";

let api: TestServer;
let closing: (() => unknown)[];
beforeEach(async () => {
  api = await startTestServer();
  closing = [() => api.stop()];
});
afterEach(async () => {
  for (const close of closing.toReversed()) await close();
});
const day = 86_400_000;
const base = (): KubeConnection => ({ server: `https://127.0.0.1:${api.port}`, ca: api.rootPem });
function client(connection: KubeConnection, options: TransportOptions = {}): KubeClient {
  const made = new KubeClient(connection, options);
  closing.push(() => made.close());
  return made;
}
const ask = (from: KubeClient) => from.get(kinds.Namespace, { name: "default" });
const why = (connection: KubeConnection) =>
  ask(client(connection)).then(
    () => "reached",
    (error) => `${error.code} ${error.message}`,
  );

describe("why a cluster can't be reached is told with what to do", () => {
  test("certificates of the server", async () => {
    const behind = async (certificate: Parameters<typeof startBadApi>[1]) => {
      const bad = await startBadApi(api, certificate);
      closing.push(() => bad.close());
      return { server: `https://127.0.0.1:${bad.port}`, ca: bad.rootPem, token: testToken };
    };
    const now = Date.now();
    const good = await behind({});
    expect(await why(good)).toBe("reached");
    expect(await why(await behind({ now: now - 2 * day, ttlMs: day }))).toMatch(
      /^kube\/unreachable .*: the server's certificate has expired: it must be renewed there/,
    );
    expect(await why(await behind({ now: now + 600_000 }))).toMatch(
      /^kube\/unreachable .*certificate isn't valid yet: its clock is ahead of this machine's/,
    );
    expect(await why(await behind({ ips: ["127.0.0.2"] }))).toMatch(
      /^kube\/unreachable .*certificate isn't for 127.0.0.1: name what it is for as tls-server-name/,
    );
    const { certPem } = await createRoot({ trustDomain: "other.local", now });
    expect(await why({ ...good, ca: certPem })).toMatch(
      /^kube\/unreachable .*isn't from the authority that the kubeconfig names \(certificate-authority\)/,
    );
    expect(await why({ ...good, ca: certPem, insecureSkipTlsVerify: true })).toBe("reached");
    expect(await why({ server: good.server.replace("https", "http"), token: "x" })).toMatch(/kube\/unreachable/);
  });

  test("no TLS, nobody there", async () => {
    const plain = createHttpServer((_, response) => response.end());
    await once(plain.listen(0, "127.0.0.1"), "listening");
    const { port } = plain.address() as AddressInfo;
    expect(await why({ ...base(), server: `https://127.0.0.1:${port}` })).toMatch(/doesn't speak TLS/);
    plain.closeAllConnections();
    plain.close();
    await once(plain, "close");
    expect(await why({ ...base(), server: `https://127.0.0.1:${port}` })).toMatch(
      /nothing listens there .*ECONNREFUSED/,
    );
  });

  test("our own credentials", async () => {
    expect(await why({ ...base(), token: "wrong" })).toMatch(
      /Unauthorized.*the API doesn't know the kubeconfig's token/,
    );
    const expired = await api.clientCertificate("root", ["system:masters"], { now: Date.now() - 2 * day, ttlMs: day });
    expect(await why({ ...base(), ...expired })).toMatch(/the kubeconfig's client certificate has expired, on/);
    expect(await why(base())).toMatch(/the kubeconfig holds neither a token nor a client certificate/);
    const guest = await api.clientCertificate("guest", []);
    expect(await why({ ...base(), ...guest })).toMatch(
      /User "guest" cannot get resource "namespaces".*\(bind that user to a ClusterRole that allows it\)/,
    );
  });

  test("a server whose clock is ten minutes behind, and one that takes us for nobody", async () => {
    const bad = await startBadApi(api);
    closing.push(() => bad.close());
    const then = new Date(Date.now() - 600_000).toUTCString();
    bad.fault = status(401, "Unauthorized", "Unauthorized", { date: then });
    const fresh = await api.clientCertificate("root", ["system:masters"]);
    const connection = { server: `https://127.0.0.1:${bad.port}`, ca: bad.rootPem };
    expect(await why({ ...connection, ...fresh })).toMatch(
      /the server's clock is 10 min behind ours .* and by it the kubeconfig's client certificate isn't valid before .*: set its clock right/,
    );
    bad.fault = status(403, "Forbidden", 'namespaces is forbidden: User "system:anonymous" cannot get resource');
    expect(await why({ ...connection, ...fresh })).toMatch(
      /anonymous.*the API doesn't know the kubeconfig's client certificate/,
    );
  });
});

describe("credentials that change", () => {
  test("a rotated token's file is read again on a 401, and the request doesn't notice", async () => {
    let token = testToken;
    const made = client({ ...base(), files: { token: "/token" } }, { readFile: async () => token });
    await ask(made);
    token = "wrong";
    const other = client({ ...base(), files: { token: "/token" } }, { readFile: async () => token });
    await expect(ask(other)).rejects.toMatchObject({
      status: 401,
      message: expect.stringContaining("the file /token"),
    });
    token = testToken;
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await ask(other);
  });

  test("a rotated client certificate makes new connections; a watch on the old ones goes on", async () => {
    let time = Date.now();
    const clock = { now: () => time, sleep: async () => undefined };
    const files: Record<string, string> = {};
    const rotate = async (name: string) => {
      const { cert, key } = await api.clientCertificate(name, ["system:masters"]);
      Object.assign(files, { "/cert": cert, "/key": key });
    };
    await rotate("one");
    const inFiles = { cert: "/cert", key: "/key" };
    const transport = new Transport({ ...base(), files: inFiles }, { clock, readFile: async (path) => files[path]! });
    closing.push(() => transport.close());
    const path = "/api/v1/namespaces/default/configmaps";
    const stop = new AbortController();
    const query = { watch: true, resourceVersion: "0", timeoutSeconds: 60 };
    const { body } = await transport.stream({ method: "GET", path, query, signal: stop.signal });
    let watched = "";
    body.on("data", (chunk: Buffer) => (watched += chunk.toString())).on("error", () => undefined);
    const whoAmI = async () => {
      const answer = await transport.request({
        method: "POST",
        path: "/apis/authentication.k8s.io/v1/selfsubjectreviews",
        body: JSON.stringify({ apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" }),
      });
      return JSON.parse(answer.body).status.userInfo.username as string;
    };
    expect(await whoAmI()).toBe("one");
    await rotate("two");
    expect(await whoAmI()).toBe("one");
    time += 61_000;
    expect(await whoAmI()).toBe("two");
    await transport.request({ method: "POST", path, body: JSON.stringify(configMap("late")) });
    await eventually(() => expect(watched).toContain('"late"'));
    stop.abort();
  });

  test("who is acted as is asked for with each request", async () => {
    const impersonate = { user: "guest", groups: ["people"] };
    const message = expect.stringContaining('User "guest" cannot get');
    await expect(ask(client({ ...base(), token: testToken, impersonate }))).rejects.toMatchObject({
      status: 403,
      message,
    });
  });
});
const configMap = (name: string) => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "default" } });

describe("a proxy", () => {
  test("of HTTP is asked for a tunnel, with its password, for requests and watches", async () => {
    const tunnels: (string | undefined)[] = [];
    const proxy = createHttpServer();
    proxy.on("connect", (request: IncomingMessage, near: Socket) => {
      tunnels.push(`${request.url} ${request.headers["proxy-authorization"]}`);
      pipe(near, request.url!, "HTTP/1.1 200 OK\r\n\r\n");
    });
    const port = await listening(proxy);
    const made = client({ ...base(), token: testToken, proxyUrl: `http://me:s3cret@127.0.0.1:${port}` });
    await ask(made);
    expect(tunnels).toEqual([`127.0.0.1:${api.port} Basic ${Buffer.from("me:s3cret").toString("base64")}`]);
    const { certPem } = await createRoot({ trustDomain: "other.local", now: Date.now() });
    const proxied = { ...base(), ca: certPem, token: testToken, proxyUrl: `http://127.0.0.1:${port}` };
    expect(await why(proxied)).toMatch(/isn't from the authority/);
  });

  test("that refuses is told of, without its password; one in the environment is left alone for loopback", async () => {
    const proxy = createHttpServer();
    proxy.on("connect", (_: IncomingMessage, near: Socket) => near.end("HTTP/1.1 403 Forbidden\r\n\r\n"));
    const url = `http://me:s3cret@127.0.0.1:${await listening(proxy)}`;
    const told = await why({ ...base(), token: testToken, proxyUrl: url });
    expect(told).toMatch(/kube\/unreachable .*the proxy refuses .*403/);
    expect(told).not.toContain("s3cret");
    await ask(client({ ...base(), token: testToken }, { env: { HTTPS_PROXY: url } }));
  });

  test("of SOCKS5", async () => {
    const targets: string[] = [];
    const proxy = createTcpServer((near) => {
      // RFC 1928: greeting, no authentication; then CONNECT to an IPv4 address or a name.
      near.once("data", () => {
        near.write(Buffer.from([5, 0]));
        near.once("data", (asked) => {
          const port = asked.readUInt16BE(asked.length - 2);
          targets.push(`${port}`);
          pipe(near, `127.0.0.1:${port}`, Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
        });
      });
    });
    const made = client({ ...base(), token: testToken, proxyUrl: `socks5://127.0.0.1:${await listening(proxy)}` });
    await ask(made);
    expect(targets).toEqual([`${api.port}`]);
  });

  async function listening(server: Server): Promise<number> {
    await once(server.listen(0, "127.0.0.1"), "listening");
    const sockets = new Set<Socket>();
    server.on("connection", (socket: Socket) => sockets.add(socket));
    closing.push(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return (server.address() as AddressInfo).port;
  }
  function pipe(near: Socket, target: string, first: string | Buffer): void {
    const [host, port] = target.split(":");
    const far = connect(Number(port), host, () => {
      near.write(first);
      near.pipe(far).pipe(near);
    });
    near.on("error", () => far.destroy());
    far.on("error", () => near.destroy());
  }
});

test("what one request is asked to wait, all wait", async () => {
  const bad = await startBadApi(api);
  closing.push(() => bad.close());
  const slept: number[] = [];
  let time = 0;
  const clock = {
    now: () => time,
    sleep: async (ms: number) => {
      slept.push(ms);
      time += ms;
    },
  };
  const made = client(
    { server: `https://127.0.0.1:${bad.port}`, ca: bad.rootPem, token: testToken },
    { clock, random: () => 0.5 },
  );
  bad.fault = status(429, "TooManyRequests", "too many", { "retry-after": "40" });
  await expect(ask(made)).rejects.toMatchObject({ status: 429, retryAfterMs: 40_000 });
  bad.fault = undefined;
  time += 10_000;
  await ask(made);
  // The 20 s that are left of the longest pause, and an eighth more.
  expect(slept).toEqual([22_500]);
});
