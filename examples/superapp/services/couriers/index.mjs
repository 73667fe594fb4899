// couriers: gives an order to the next courier and starts tracking it over plain TCP.
import { createServer } from "node:http";
import { connect } from "node:net";

const couriers = ["Ana", "Beto", "Caro", "Dani"];
let next = 0;

/** One line to tracking, one line back. Its address comes from the environment, as in Kubernetes; the port is unknown as long as tracking has never been deployed. */
function track(line) {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(process.env.TRACKING_SERVICE_PORT ?? 7000), process.env.TRACKING_SERVICE_HOST);
    let text = "";
    socket.setTimeout(1000, () => socket.destroy(new Error("tracking doesn't answer")));
    socket.on("connect", () => socket.write(`${line}\n`));
    socket.on("data", (chunk) => {
      text += chunk;
      if (text.includes("\n")) socket.end();
    });
    socket.on("error", reject);
    socket.on("close", () => (text === "" ? reject(new Error("tracking hung up")) : resolve(text.trim())));
  });
}

const server = createServer(async (request, response) => {
  const send = (status, body) =>
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  if (request.url === "/ready") return send(200, { ready: true });
  try {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { order = 0 } = JSON.parse(Buffer.concat(chunks).toString() || "{}");
    const courier = couriers[next++ % couriers.length];
    send(200, { courier, tracking: await track(`START ${order} ${courier}`) });
  } catch (error) {
    send(502, { error: error.message });
  }
});
server.listen(Number(process.env.PORT), "127.0.0.1");
process.on("SIGTERM", () => server.close(() => process.exit(0)));
