// fraud: a gRPC service, fraud.v1.Fraud/Check: is this charge suspicious? Messages are JSON (application/grpc+json).
import { createServer } from "node:http2";

function check({ user = "", total = 0 }) {
  return { suspicious: total > 200 || user === "mallory", score: Math.min(1, total / 400) };
}

/** gRPC frames: a flag byte, the length in four bytes, the message. */
function frame(message) {
  const body = Buffer.from(JSON.stringify(message));
  const head = Buffer.alloc(5);
  head.writeUInt32BE(body.length, 1);
  return Buffer.concat([head, body]);
}

const server = createServer();
server.on("stream", (stream, headers) => {
  const chunks = [];
  stream.on("error", () => stream.destroy());
  stream.on("data", (chunk) => chunks.push(chunk));
  stream.on("end", () => {
    const end = (status, message) => {
      stream.once("wantTrailers", () =>
        stream.sendTrailers({ "grpc-status": String(status), "grpc-message": message }),
      );
      stream.respond({ ":status": 200, "content-type": "application/grpc+json" }, { waitForTrailers: true });
    };
    if (headers[":path"] !== "/fraud.v1.Fraud/Check") {
      end(12, `unknown method ${headers[":path"]}`);
      return stream.end();
    }
    try {
      const answer = check(JSON.parse(Buffer.concat(chunks).subarray(5).toString()));
      end(0, "");
      stream.end(frame(answer));
    } catch (error) {
      end(3, error.message);
      stream.end();
    }
  });
});
server.listen(Number(process.env.PORT), "127.0.0.1");
process.on("SIGTERM", () => process.exit(0));
