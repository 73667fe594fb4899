import { createServer } from "node:net";

/** True when somebody could listen on the port of `host`; without one: on loopback as on all addresses. */
export function isPortFree(port: number, host = "0.0.0.0"): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    // Of all addresses: fails too when somebody listens on a single one.
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
