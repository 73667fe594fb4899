import { request as httpRequest } from "node:http";
import type { Pod } from "../../src/objects/core.ts";
import { kinds } from "../../src/objects/kinds.ts";
import type { TestFleet } from "./fleet.ts";
import { eventually } from "./eventually.ts";

export interface Reply { status: number; headers: Record<string, string | string[] | undefined>; body: string; json: Record<string, unknown> }

/** Pods of an app that are ready, in the order of their names. */
export async function readyPods(fleet: TestFleet, app: string, cluster?: string): Promise<Pod[]> {
  const kube = fleet.kube(cluster);
  try {
    const { items } = await kube.list<Pod>(kinds.Pod, { labelSelector: `app=${app}` });
    return items
      .filter((pod) => pod.metadata.deletionTimestamp === undefined && pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True"))
      .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  } finally {
    await kube.close();
  }
}

/** The pod's sidecar as a client of the app in it sees it: its proxy address. */
export async function sidecarOf(fleet: TestFleet, app: string, cluster?: string): Promise<string> {
  const [pod] = await eventually(async () => {
    const pods = await readyPods(fleet, app, cluster);
    if (pods.length === 0) throw new Error(`no ready pod of ${app}`);
    return pods;
  }, 30_000);
  return pod?.status?.podIP as string;
}

/** One request as `HTTP_PROXY` clients make it: absolute form to the proxy port of the caller's sidecar. */
export function through(proxyIp: string, url: string, options: { method?: string; headers?: Record<string, string> } = {}): Promise<Reply> {
  const target = new URL(url);
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: proxyIp, port: 15001, method: options.method ?? "GET", path: url, headers: { host: target.host, ...options.headers }, agent: false, timeout: 20_000 }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const body = Buffer.concat(chunks).toString();
        let json = {};
        try {
          json = JSON.parse(body) as Record<string, unknown>;
        } catch {
          // An answer of a proxy, in plain text.
        }
        resolve({ status: response.statusCode as number, headers: response.headers, body, json });
      });
    });
    request.on("error", reject);
    request.on("timeout", () => request.destroy(new Error("no answer within 20 s")));
    request.end();
  });
}

/** An Envoy statistic of a pod's sidecar, read through the Kubernetes API; 0 when it doesn't exist yet. */
export async function statOf(fleet: TestFleet, pod: Pod, name: string): Promise<number> {
  const kube = fleet.kube();
  try {
    const { body: text } = await kube.raw(`/api/v1/namespaces/${pod.metadata.namespace}/pods/${pod.metadata.name}:15000/proxy/stats?filter=${encodeURIComponent(name.replace(/[.|]/g, "\\$&"))}`);
    return text.split("\n").filter((line) => line.startsWith(`${name}:`)).reduce((sum, line) => sum + Number(line.slice(name.length + 1)), 0);
  } finally {
    await kube.close();
  }
}

/** How many of the replies have each status: `{ 200: 7, 429: 3 }`. */
export function byStatus(replies: readonly Reply[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of replies) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}
