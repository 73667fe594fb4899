import { request, type IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import type { PodWorker } from "./pod-worker.ts";
import { adminSocket } from "./settings.ts";

/** Istio's ports on a pod: Prometheus page and admin interface of the sidecar, here both behind its admin socket. */
const prometheusPort = 15090;
const adminPort = 15000;

export interface ProxyCall {
  port: string | undefined;
  method: string;
  path: string;
  headers: Record<string, string | string[]>;
  body: Readable;
  signal: AbortSignal;
}

/** `GET …/pods/NAME:PORT/proxy/PATH`: 15090 and 15000 lead to the sidecar, every other port to the app itself. Rejects when it can't be reached. */
export function proxyToPod(worker: PodWorker, call: ProxyCall): Promise<IncomingMessage> {
  const port =
    call.port === undefined
      ? worker.allocation.ports[0]?.port
      : /^\d+$/.test(call.port)
        ? Number(call.port)
        : call.port;
  if (port === undefined) throw new Error("the pod declares no port; give one: NAME:PORT");
  if (port === prometheusPort || port === adminPort) {
    const path = port === prometheusPort && /^\/(\?|$)/.test(call.path) ? "/stats/prometheus" : call.path;
    return forward({ socketPath: adminSocket(worker.host.settings, worker.allocation.index) }, { ...call, path });
  }
  const privatePort = worker.privatePort(port);
  if (privatePort === undefined)
    throw new Error(
      `the pod declares no port "${port}"; it has ${worker.allocation.ports.map((one) => `${one.name} (${one.port})`).join(", ")}`,
    );
  return forward({ host: "127.0.0.1", port: privatePort }, call);
}

function forward(
  target: { socketPath: string } | { host: string; port: number },
  call: ProxyCall,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const out = request(
      {
        ...target,
        agent: false,
        method: call.method,
        path: call.path,
        headers: { ...call.headers, host: "pod" },
        signal: call.signal,
      },
      resolve,
    );
    out.setTimeout(30_000, () => out.destroy(new Error("no answer within 30 s")));
    out.on("error", reject);
    call.body.on("error", () => out.destroy());
    call.body.pipe(out);
  });
}
