// pricing: what an item costs at this moment; a little dearer at rush hour.
import { createServer } from "node:http";

const base = (id) => 8 + ((id * 7) % 13);

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, "http://pricing");
  const send = (status, body) =>
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  if (pathname === "/ready") return send(200, { ready: true });
  if (pathname !== "/prices") return send(404, { error: "try /prices?items=1,2" });
  const ids = (searchParams.get("items") ?? "")
    .split(",")
    .map(Number)
    .filter((id) => id > 0);
  const rush = [12, 13, 19, 20, 21].includes(new Date().getHours()) ? 1.15 : 1;
  send(200, { prices: Object.fromEntries(ids.map((id) => [id, Math.round(base(id) * rush * 100) / 100])) });
});
server.listen(Number(process.env.PORT), "127.0.0.1");
process.on("SIGTERM", () => server.close(() => process.exit(0)));
