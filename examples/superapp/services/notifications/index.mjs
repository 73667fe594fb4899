// notifications: takes messages for customers; keeps the last hundred to show.
import { createServer } from "node:http";

const sent = [];

const server = createServer(async (request, response) => {
  const send = (status, body) =>
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  if (request.url === "/ready") return send(200, { ready: true });
  if (request.url === "/sent") return send(200, { sent });
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  sent.push(JSON.parse(Buffer.concat(chunks).toString() || "{}"));
  if (sent.length > 100) sent.shift();
  send(202, { queued: true });
});
server.listen(Number(process.env.PORT), "127.0.0.1");
process.on("SIGTERM", () => server.close(() => process.exit(0)));
