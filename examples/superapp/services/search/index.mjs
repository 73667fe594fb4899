// search: dishes by a word, with their prices. Calls catalog and pricing.
import { createServer } from "node:http";

async function find(word) {
  const { items } = await (await ok(fetch("http://catalog.food/items"))).json();
  const found = items.filter(({ name }) => name.includes(word));
  if (found.length === 0) return [];
  const { prices } = await (await ok(fetch(`http://pricing.food/prices?items=${found.map(({ id }) => id)}`))).json();
  return found.map((item) => ({ ...item, price: prices[item.id] }));
}

async function ok(answer) {
  const response = await answer;
  if (!response.ok) throw Object.assign(new Error(`${response.url}: ${response.status}`), { status: response.status });
  return response;
}

const server = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, "http://search");
  const send = (status, body) =>
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  if (pathname === "/ready") return send(200, { ready: true });
  try {
    send(200, { found: await find(searchParams.get("q") ?? "") });
  } catch (error) {
    send(502, { error: error.message });
  }
});
server.listen(Number(process.env.PORT), "127.0.0.1");
process.on("SIGTERM", () => server.close(() => process.exit(0)));
