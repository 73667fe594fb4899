import { createServer, type Server } from "node:http";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createAuthority } from "./testing/certificates.ts";
import { startEnvoy, viaProxy, viaTunnel, type RunningEnvoy } from "./testing/envoy.ts";
import { readCase } from "./testing/golden-case.ts";
import { resourcesOf } from "./testing/resources.ts";
import { staticBootstrap } from "./testing/static-bootstrap.ts";

/** The golden case `two-sidecars` with real Envoys and a real app, without a control plane. */
describe("two sidecars", () => {
  const scratch = mkdtempSync(join(tmpdir(), "quipu-traffic-"));
  const envoys: RunningEnvoy[] = [];
  let app: Server;
  const proxy = { host: "127.253.1.1", port: 15_001 };

  beforeAll(async () => {
    const secretsFor = await createAuthority(Date.now());
    app = createServer((request, response) =>
      response.end(
        JSON.stringify({
          url: request.url,
          xfcc: request.headers["x-forwarded-client-cert"],
          version: request.httpVersion,
        }),
      ),
    ).listen(0, "127.0.0.1");
    await once(app, "listening");
    const { port } = app.address() as AddressInfo;
    const { compiler, proxies } = readCase(new URL("golden/two-sidecars/", import.meta.url), (text) =>
      text.replaceAll("20002", String(port)),
    );
    for (const { id, ip, namespace, serviceAccount } of proxies) {
      const bootstrap = staticBootstrap(resourcesOf(compiler, id), {
        secrets: await secretsFor(namespace, serviceAccount),
        node: id,
      });
      envoys.push(await startEnvoy(bootstrap, join(scratch, `${serviceAccount}.json`), ip));
    }
  }, 30_000);
  afterAll(async () => {
    await Promise.all(envoys.map((envoy) => envoy.stop()));
    app.close();
    rmSync(scratch, { recursive: true });
  });

  it("carry an HTTP request over mutual TLS to the app", async () => {
    for (const url of ["http://catalog.food/items/1", "http://catalog.food.svc.cluster.local:8080/items/1"]) {
      const answer = await viaProxy(proxy, url);
      expect(answer.status).toBe(200);
      expect(JSON.parse(answer.body)).toMatchObject({
        url: "/items/1",
        version: "1.1",
        xfcc: expect.stringContaining("spiffe://quipu.local/ns/shop/sa/web") as string,
      });
    }
  });

  it("refuse at the callee what its policy doesn't allow", async () => {
    expect(await viaProxy(proxy, "http://catalog.food/items/1", { method: "POST" })).toMatchObject({
      status: 403,
      body: "RBAC: access denied",
    });
    expect(await viaProxy(proxy, "http://catalog.food/other")).toMatchObject({ status: 403 });
  });

  it("answer 502 at the caller for what isn't in its scope", async () => {
    expect(await viaProxy(proxy, "http://pricing.food/")).toMatchObject({ status: 502 });
    expect(await viaTunnel(proxy, "pricing.food:80", "/")).toMatchObject({ connect: 502 });
  });

  it("end a CONNECT where the same routes and rules hold", async () => {
    expect(await viaTunnel(proxy, "catalog.food:80", "/items/1", "catalog.food")).toMatchObject({
      connect: 200,
      inner: { status: 200 },
    });
    expect(await viaTunnel(proxy, "catalog.food:80", "/other", "catalog.food")).toMatchObject({
      connect: 200,
      inner: { status: 403 },
    });
    expect(await viaTunnel(proxy, "catalog.food:80", "/", "pricing.food")).toMatchObject({
      connect: 200,
      inner: { status: 502 },
    });
  });

  it("serve the callee on the address that stands for it", async () => {
    expect(await viaProxy({ host: "127.253.1.2", port: 8080 }, "http://anything/items/2")).toMatchObject({
      status: 200,
    });
  });

  it("refuse plain text on a port that is STRICT", async () => {
    const socket = connect(8080, "127.253.2.1");
    let received = "";
    socket.on("data", (chunk) => (received += chunk.toString()));
    socket.on("error", () => {});
    socket.write("GET /items/1 HTTP/1.1\r\nhost: catalog.food\r\n\r\n");
    await once(socket, "close");
    expect(received).not.toContain("HTTP/1.1");
  });
});
