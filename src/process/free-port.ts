import { isPortFree } from "../cluster/runtime/free-port.ts";

/** `wanted` when it is free, else the next free one above it, within a hundred. */
export async function freePort(host: string, wanted: number): Promise<number> {
  for (let port = wanted; port < wanted + 100; port++) if (await isPortFree(port, host)) return port;
  throw new Error(`no port from ${wanted} to ${wanted + 99} is free on ${host}; give one with --port`);
}
