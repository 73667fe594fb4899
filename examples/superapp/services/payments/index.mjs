// payments: charges an order after asking fraud over gRPC.
import { createServer, request as httpRequest } from "node:http";
import { connect } from "node:http2";

const authority = "fraud.money:50051";
let session;

/** An HTTP/2 session to fraud through the sidecar: CONNECT first, as HTTP_PROXY asks of a gRPC client. */
function open() {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(process.env.HTTP_PROXY);
    const tunnel = httpRequest({
      host: hostname,
      port,
      method: "CONNECT",
      path: authority,
      headers: { host: authority },
    });
    tunnel.on("error", reject);
    tunnel.on("connect", (answer, socket, head) => {
      if (answer.statusCode !== 200) return reject(new Error(`no way to ${authority}: ${answer.statusCode}`));
      // A server may speak first, and what it says can come with the proxy's answer.
      socket.unshift(head);
      const made = connect(`http://${authority}`, { createConnection: () => socket });
      made.on("error", () => made.destroy());
      made.on("close", () => (session = undefined));
      resolve(made);
    });
    tunnel.end();
  });
}

async function check(message) {
  session ??= open().catch((error) => {
    session = undefined;
    throw error;
  });
  const stream = (await session).request({
    ":method": "POST",
    ":path": "/fraud.v1.Fraud/Check",
    ":scheme": "http",
    ":authority": authority,
    "content-type": "application/grpc+json",
    te: "trailers",
  });
  const body = Buffer.from(JSON.stringify(message));
  const head = Buffer.alloc(5);
  head.writeUInt32BE(body.length, 1);
  let status;
  stream.on("response", (headers) => (status = headers["grpc-status"]));
  stream.on("trailers", (trailers) => (status = trailers["grpc-status"]));
  stream.end(Buffer.concat([head, body]));
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  if (status !== "0") throw new Error(`fraud: gRPC status ${status}`);
  return JSON.parse(Buffer.concat(chunks).subarray(5).toString());
}

let last = 0;
const server = createServer(async (request, response) => {
  const send = (status, body) =>
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  if (request.url === "/ready") return send(200, { ready: true });
  if (request.url !== "/charge" || request.method !== "POST") return send(404, { error: "try POST /charge" });
  try {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { user, total } = JSON.parse(Buffer.concat(chunks).toString() || "{}");
    const { suspicious } = await check({ user, total });
    if (suspicious) return send(402, { error: "this charge looks suspicious" });
    send(200, { id: `p${++last}`, total });
  } catch (error) {
    send(502, { error: error.message });
  }
});
server.listen(Number(process.env.PORT), "127.0.0.1");
process.on("SIGTERM", () => server.close(() => process.exit(0)));
