import { createServer } from "node:net";

export function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}

/** `wanted` when it is free, else the next free one above it, within a hundred. */
export async function freePort(host: string, wanted: number): Promise<number> {
  for (let port = wanted; port < wanted + 100; port++) if (await isFree(host, port)) return port;
  throw new Error(`no port from ${wanted} to ${wanted + 99} is free on ${host}; give one with --port`);
}
