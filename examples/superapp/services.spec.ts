import { spawn, type ChildProcess } from "node:child_process";
import { createServer, request as httpRequest, type IncomingMessage } from "node:http";
import { connect, createServer as createTcpServer, type AddressInfo, type Server } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

/** The whole super-app without a mesh: a small proxy that knows every app stands where the sidecars do. */
const names = [
  "catalog",
  "couriers",
  "fraud",
  "notifications",
  "orders",
  "payments",
  "pricing",
  "search",
  "storefront",
  "tracking",
];
const ports = new Map<string, number>();
const children: ChildProcess[] = [];
const output = new Map<string, string>();
let proxy: Server;

/** All held until all are known, so that no two are the same. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<Server>((resolve) => {
          const server: Server = createTcpServer().listen(0, "127.0.0.1", () => resolve(server));
        }),
    ),
  );
  const found = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return found;
}
const portOf = (authority: string): number => {
  const port = ports.get(authority.split(/[.:]/)[0] ?? "");
  if (port === undefined) throw new Error(`nobody is called ${authority}`);
  return port;
};

function startProxy(): Promise<number> {
  const server = createServer((incoming, outgoing) => {
    const url = new URL(incoming.url ?? "", "http://none");
    incoming.pipe(
      httpRequest(
        {
          host: "127.0.0.1",
          port: portOf(url.host),
          method: incoming.method,
          path: `${url.pathname}${url.search}`,
          headers: incoming.headers,
        },
        (answer: IncomingMessage) => {
          outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
          answer.pipe(outgoing);
        },
      ),
    );
  });
  server.on("connect", (incoming, socket, head) => {
    const upstream = connect(portOf(incoming.url ?? ""), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      upstream.write(head);
      upstream.pipe(socket).pipe(upstream);
    });
    upstream.on("error", () => socket.destroy());
    socket.on("error", () => upstream.destroy());
  });
  proxy = server;
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port)));
}

function start(name: string, folder: string, env: Record<string, string>): void {
  const child = spawn(process.execPath, [join(import.meta.dirname, folder, "index.mjs")], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk) => output.set(name, `${output.get(name) ?? ""}${chunk}`));
  children.push(child);
}
const listening = async (port: number): Promise<void> => {
  for (let round = 0; round < 200; round++) {
    const up = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => {
        socket.destroy();
        resolve(true);
      });
      socket.on("error", () => resolve(false));
    });
    if (up) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`nothing listens on ${port}: ${JSON.stringify(Object.fromEntries(output))}`);
};
const storefront = (path: string, init?: RequestInit): Promise<Response> =>
  fetch(`http://127.0.0.1:${portOf("storefront")}${path}`, init);

beforeAll(async () => {
  const proxyUrl = `http://127.0.0.1:${await startProxy()}`;
  const free = await freePorts(names.length + 1);
  [...names, "load"].forEach((name, index) => ports.set(name, free[index] ?? 0));
  const shared = {
    HTTP_PROXY: proxyUrl,
    http_proxy: proxyUrl,
    NO_PROXY: "",
    no_proxy: "",
    NODE_USE_ENV_PROXY: "1",
    TRACKING_SERVICE_HOST: "127.0.0.1",
    TRACKING_SERVICE_PORT: String(ports.get("tracking")),
  };
  for (const name of names) start(name, join("services", name), { ...shared, PORT: String(ports.get(name)) });
  await Promise.all(names.map((name) => listening(portOf(name))));
}, 20_000);
afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
  proxy.close();
});

test("dishes, a search with prices", async () => {
  expect(((await (await storefront("/")).json()) as { items: unknown[] }).items.length).toBeGreaterThan(2);
  const { found } = (await (await storefront("/search?q=a")).json()) as { found: { price: number }[] };
  expect(found.length).toBeGreaterThan(0);
  for (const { price } of found) expect(price).toBeGreaterThan(0);
});

test("an order is priced, checked over gRPC, charged, tracked over TCP and told", async () => {
  const answer = await storefront("/orders", { method: "POST", body: JSON.stringify({ items: [1, 2], user: "ana" }) });
  const text = await answer.text();
  expect([answer.status, text]).toEqual([201, expect.anything()]);
  const order = JSON.parse(text) as { id: number; courier: string };
  const where = await new Promise<string>((resolve, reject) => {
    const socket = connect(portOf("tracking"), "127.0.0.1", () => socket.write(`WHERE ${order.id}\n`));
    socket
      .once("data", (chunk) => {
        resolve(String(chunk));
        socket.destroy();
      })
      .once("error", reject);
  });
  expect(where).toMatch(new RegExp(`^${order.courier} \\d+s away`));
});

test("a suspicious charge is refused by fraud, through every layer", async () => {
  const answer = await storefront("/orders", { method: "POST", body: JSON.stringify({ items: [1], user: "mallory" }) });
  expect(answer.status).toBe(502);
  expect(await answer.text()).toContain("402");
});

test("the load asks for the host it was given, keeps to its rate, all answered, and ends when asked", async () => {
  const hosts = new Set<string | undefined>();
  const gateway = createServer((incoming, outgoing) => {
    hosts.add(incoming.headers.host);
    const { method, url: path, headers } = incoming;
    incoming.pipe(
      httpRequest({ host: "127.0.0.1", port: portOf("storefront"), method, path, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(outgoing);
      }),
    );
  });
  await new Promise<void>((resolve) => {
    gateway.listen(0, "127.0.0.1", resolve);
  });
  start("load", "load", {
    LOAD_URL: `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`,
    LOAD_HOST: "shop.example",
    LOAD_RATE: "20",
    PORT: String(portOf("load")),
    NODE_USE_ENV_PROXY: "",
  });
  const load = children.at(-1);
  await listening(portOf("load"));
  const counts = async (): Promise<Record<string, number>> =>
    ((await (await fetch(`http://127.0.0.1:${portOf("load")}/`)).json()) as { counts: Record<string, number> }).counts;
  const sum = (of: Record<string, number>): number => Object.values(of).reduce((all, count) => all + count, 0);
  const began = Date.now();
  while (sum(await counts()) < 10) await new Promise((resolve) => setTimeout(resolve, 50));
  const last = await counts();
  expect(sum(last)).toBeLessThanOrEqual(20 * ((Date.now() - began) / 1000 + 2));
  expect(Object.keys(last).every((status) => status === "200" || status === "201")).toBe(true);
  expect(hosts).toEqual(new Set(["shop.example"]));
  const ended = new Promise((resolve) => load?.once("exit", resolve));
  load?.kill("SIGTERM");
  expect(await ended).toBe(0);
  gateway.close();
});
