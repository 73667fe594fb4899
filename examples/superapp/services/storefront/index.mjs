// storefront: what the app on the phone talks to. Calls search, catalog and orders.
import { createServer } from "node:http";

async function pass(url, options) {
  const answer = await fetch(url, options);
  return { status: answer.status, body: await answer.text() };
}

const server = createServer(async (request, response) => {
  const { pathname, search } = new URL(request.url, "http://storefront");
  const send = ({ status, body }) => response.writeHead(status, { "content-type": "application/json" }).end(body);
  try {
    if (pathname === "/ready") return send({ status: 200, body: "{}" });
    if (pathname === "/") return send(await pass("http://catalog.food/items"));
    if (pathname === "/search") return send(await pass(`http://search.shop/find${search}`));
    if (pathname === "/orders" && request.method === "POST") {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      return send(
        await pass("http://orders.shop/orders", {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: Buffer.concat(chunks),
        }),
      );
    }
    send({ status: 404, body: JSON.stringify({ error: "try /, /search?q=arepa or POST /orders" }) });
  } catch (error) {
    send({ status: 502, body: JSON.stringify({ error: String(error.cause ?? error) }) });
  }
});
server.listen(Number(process.env.PORT), "127.0.0.1");
process.on("SIGTERM", () => server.close(() => process.exit(0)));
