import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { request as secureRequest } from "node:https";
import { connect, createServer as createTcpServer, type AddressInfo, type Server as TcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createAuthority } from "./testing/certificates.ts";
import { send, startEnvoy, viaProxy, type RunningEnvoy } from "./testing/envoy.ts";
import { readCase } from "./testing/golden-case.ts";
import { resourcesOf } from "./testing/resources.ts";
import { staticBootstrap } from "./testing/static-bootstrap.ts";

/** The golden case `effects` with real Envoys: what a rule does to a request. */
describe("in real traffic", () => {
  const scratch = mkdtempSync(join(tmpdir(), "quipu-effects-"));
  const envoys: RunningEnvoy[] = [];
  const servers: (Server | TcpServer)[] = [];
  const served: string[] = [];
  const proxy = { host: "127.252.1.1", port: 15_001 };
  let flaky = 0;

  async function listen(server: Server | TcpServer): Promise<string> {
    servers.push(server.listen(0, "127.0.0.1"));
    await once(server, "listening");
    return String((server.address() as AddressInfo).port);
  }
  const app = (name: string) =>
    createServer((request, response) => {
      served.push(`${name} ${request.url ?? ""}`);
      const answer = (status: number) => response.writeHead(status, { "x-served-by": name }).end(name);
      if (request.url?.startsWith("/slow") === true) setTimeout(() => answer(200), 600);
      else if (request.url === "/flaky") answer(flaky++ === 0 ? 503 : 200);
      else if (request.url === "/broken" && name === "api-2") answer(500);
      else answer(200);
    });

  beforeAll(async () => {
    const ports = {
      20001: await listen(app("api-1")),
      20002: await listen(app("api-2")),
      20003: await listen(createTcpServer((socket) => socket.on("error", () => {}).pipe(socket))),
    };
    const { compiler, proxies } = readCase(new URL("golden/effects/", import.meta.url), (text) =>
      text.replaceAll(/\b2000[123]\b/g, (found) => ports[found as unknown as keyof typeof ports]),
    );
    const secretsFor = await createAuthority(Date.now());
    await Promise.all(
      proxies.map(async ({ id, ip, namespace, serviceAccount }) => {
        envoys.push(
          await startEnvoy(
            staticBootstrap(resourcesOf(compiler, id), {
              secrets: await secretsFor(namespace, serviceAccount),
              node: id,
            }),
            join(scratch, `${id}.json`),
            ip,
          ),
        );
      }),
    );
  }, 60_000);
  afterAll(async () => {
    await Promise.all(envoys.map((envoy) => envoy.stop()));
    for (const server of servers) server.close();
    rmSync(scratch, { recursive: true });
  });

  it("a timeout answers 504", async () => {
    expect(await viaProxy(proxy, "http://api.shop/slow")).toMatchObject({
      status: 504,
      body: "upstream request timeout",
    });
  });

  it("a retry hides one failure", async () => {
    expect(await viaProxy(proxy, "http://api.shop/flaky")).toMatchObject({ status: 200 });
    expect(served.filter((entry) => entry.endsWith("/flaky"))).toHaveLength(2);
  });

  it("a fault answers in the app's place", async () => {
    expect(await viaProxy(proxy, "http://api.shop/", { headers: { "x-fault": "abort" } })).toMatchObject({
      status: 418,
      body: "fault filter abort",
    });
  });

  it("a full pool answers 503 and says so", async () => {
    const answers = await Promise.all([
      viaProxy(proxy, "http://narrow.shop/slow/1"),
      viaProxy(proxy, "http://narrow.shop/slow/2"),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 503]);
    expect(answers.find(({ status }) => status === 503)).toMatchObject({ headers: { "x-envoy-overloaded": "true" } });
  });

  it("a consistent hash keeps to one replica for each value", async () => {
    const replicas = async (user: string) =>
      new Set(
        (
          await Promise.all(
            Array.from({ length: 6 }, () => viaProxy(proxy, "http://steady.shop/", { headers: { "x-user": user } })),
          )
        ).map(({ body }) => body),
      ).size;
    expect(await Promise.all(["ana", "berta", "carla", "dora"].map(replicas))).toEqual([1, 1, 1, 1]);
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        viaProxy(proxy, "http://steady.shop/", { headers: { "x-user": `user-${index}` } }),
      ),
    );
    expect(new Set(all.map(({ body }) => body)).size).toBe(2);
  });

  it("an instance limit answers 429 at the right count", async () => {
    const statuses: number[] = [];
    for (let count = 0; count < 4; count++)
      statuses.push((await viaProxy(proxy, "http://narrow.shop/", { headers: { "x-limited": "me" } })).status);
    expect(statuses).toEqual([200, 200, 429, 429]);
    expect((await viaProxy(proxy, "http://narrow.shop/", { headers: { "x-limited": "you" } })).status).toBe(200);
  });

  it("TCP goes through the address that stands for the callee, under its policy", async () => {
    const echo = async (address: string) => {
      const socket = connect(5432, address);
      socket.on("error", () => {});
      socket.write("ping");
      const answer = await Promise.race([
        once(socket, "data").then(([data]) => String(data)),
        once(socket, "close").then(() => "closed"),
      ]);
      socket.destroy();
      return answer;
    };
    expect(await echo("127.252.1.2")).toBe("ping");
    // Another app's identity isn't allowed.
    expect(await echo("127.252.2.2")).toBe("closed");
  });

  it("a gateway sends plain HTTP to HTTPS, and wants a token where one is asked for", async () => {
    expect(
      await send({ host: "127.252.9.1", port: 8080, path: "/api", headers: { host: "shop.example" } }),
    ).toMatchObject({ status: 301, headers: { location: "https://shop.example/api" } });
    expect(
      await send({ host: "127.252.9.1", port: 8080, path: "/api", headers: { host: "other.example" } }),
    ).toMatchObject({ status: 404 });
    const secure = (path: string, token?: string) =>
      new Promise<number>((resolve, reject) => {
        const outgoing = secureRequest(
          {
            host: "127.252.9.1",
            port: 8443,
            path,
            servername: "shop.example",
            rejectUnauthorized: false,
            agent: false,
            headers: { host: "shop.example", ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
          },
          (response) => {
            response.resume();
            resolve(response.statusCode ?? 0);
          },
        );
        outgoing.on("error", reject).end();
      });
    const token = (key: string) =>
      new SignJWT({ sub: "ana" })
        .setProtectedHeader({ alg: "HS256", kid: "1" })
        .setIssuer("https://issuer.example")
        .setAudience("shop")
        .setExpirationTime("5m")
        .sign(new TextEncoder().encode(key));
    expect(await secure("/api")).toBe(403);
    expect(await secure("/api", await token("not-the-right-key-but-as-long-as-it"))).toBe(401);
    expect(await secure("/api", await token("secret-of-at-least-32-bytes-long"))).toBe(200);
    expect(await secure("/other", await token("secret-of-at-least-32-bytes-long"))).toBe(404);
  });

  it("the breaker ejects the broken replica, and only that", async () => {
    const ask = () => viaProxy(proxy, "http://api.shop/broken");
    const first = new Set<number>();
    for (let count = 0; count < 12; count++) first.add((await ask()).status);
    expect(first).toEqual(new Set([200, 500]));
    const later: number[] = [];
    for (let count = 0; count < 6; count++) later.push((await ask()).status);
    expect(later).toEqual([200, 200, 200, 200, 200, 200]);
  });
});
