import { request, type IncomingMessage } from "node:http";

/** One request to an Envoy's admin interface on its Unix socket; the answer isn't read yet. Rejects when nobody answers. */
export function askAdmin(socketPath: string, method: string, path: string, timeoutMs = 5000): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const call = request(
      { socketPath, method, path, agent: false, timeout: timeoutMs, headers: { host: "admin" } },
      resolve,
    );
    call.on("timeout", () => call.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    call.on("error", reject);
    call.end();
  });
}

/** Asks a proxy to let its inbound connections finish: HTTP/1 gets `connection: close`, HTTP/2 a GOAWAY. It goes on serving meanwhile. */
export async function drainListeners(socketPath: string): Promise<void> {
  try {
    (await askAdmin(socketPath, "POST", "/drain_listeners?inboundonly&graceful&skip_exit")).resume();
  } catch {
    // It ends anyway.
  }
}
