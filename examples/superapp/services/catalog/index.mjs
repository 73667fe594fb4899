// catalog: what can be ordered, and from whom.
import { createServer } from "node:http";

const dishes = [
  "bandeja paisa",
  "ajiaco",
  "arepa",
  "empanada",
  "lomo saltado",
  "ceviche",
  "asado",
  "chivito",
  "milanesa",
  "feijoada",
];
const items = dishes.map((name, index) => ({ id: index + 1, name, restaurant: `Restaurant ${(index % 4) + 1}` }));

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url, "http://catalog");
  const send = (status, body) =>
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  if (pathname === "/ready") return send(200, { ready: true });
  if (pathname === "/items") return send(200, { items });
  const item = items.find(({ id }) => pathname === `/items/${id}`);
  return item === undefined ? send(404, { error: `no item at ${pathname}` }) : send(200, item);
});
server.listen(Number(process.env.PORT), "127.0.0.1");
process.on("SIGTERM", () => server.close(() => process.exit(0)));
