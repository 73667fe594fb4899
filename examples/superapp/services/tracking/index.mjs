// tracking: a plain TCP service. One command a line: START order courier, WHERE order.
import { createServer } from "node:net";

const orders = new Map();

function answer(line) {
  const [command, order, courier] = line.trim().split(" ");
  if (command === "START") {
    orders.set(order, { courier, since: Date.now() });
    if (orders.size > 1000) orders.delete(orders.keys().next().value);
    return `OK ${order}`;
  }
  if (command === "WHERE") {
    const found = orders.get(order);
    return found === undefined
      ? `UNKNOWN ${order}`
      : `${found.courier} ${Math.round((Date.now() - found.since) / 1000)}s away`;
  }
  return "ERROR commands: START order courier, WHERE order";
}

const server = createServer((socket) => {
  let rest = "";
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop();
    if (rest.length > 1000) socket.destroy();
    for (const line of lines) socket.write(`${answer(line)}\n`);
  });
});
server.listen(Number(process.env.PORT), "127.0.0.1");
process.on("SIGTERM", () => process.exit(0));
