// orders: prices an order, charges it, sends a courier, tells the customer. Calls pricing, payments, couriers, notifications.
import { createServer } from "node:http";

let last = 0;

async function call(url, body) {
  const answer = await fetch(
    url,
    body === undefined
      ? {}
      : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) },
  );
  if (!answer.ok) throw Object.assign(new Error(`${url}: ${answer.status}`), { status: answer.status });
  return answer.json();
}

async function place({ items = [1], user = "guest" }) {
  const id = ++last;
  const { prices } = await call(`http://pricing.food/prices?items=${items}`);
  const total = Object.values(prices).reduce((sum, price) => sum + price, 0);
  const payment = await call("http://payments.money/charge", { order: id, user, total });
  const { courier } = await call("http://couriers.logistics/dispatch", { order: id });
  await call("http://notifications.shop/send", { user, text: `order ${id} is on its way` });
  return { id, total, payment: payment.id, courier };
}

const server = createServer(async (request, response) => {
  const send = (status, body) =>
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  if (request.url === "/ready") return send(200, { ready: true });
  if (request.url !== "/orders" || request.method !== "POST") return send(404, { error: "try POST /orders" });
  try {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    send(201, await place(JSON.parse(Buffer.concat(chunks).toString() || "{}")));
  } catch (error) {
    send(error instanceof SyntaxError ? 400 : 502, { error: error.message });
  }
});
server.listen(Number(process.env.PORT), "127.0.0.1");
process.on("SIGTERM", () => server.close(() => process.exit(0)));
