import { request as httpRequest, type RequestOptions } from "node:http";
import type { Pod } from "../../src/objects/core.ts";
import { kinds } from "../../src/objects/kinds.ts";
import type { TestFleet } from "./fleet.ts";
import { eventually } from "./eventually.ts";

export interface Reply {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
  json: Record<string, unknown>;
}

/** Pods of an app (or of a label selector) that are ready, in the order of their names. */
export async function readyPods(fleet: TestFleet, app: string, cluster?: string): Promise<Pod[]> {
  const kube = fleet.kube(cluster);
  try {
    const { items } = await kube.list<Pod>(kinds.Pod, { labelSelector: app.includes("=") ? app : `app=${app}` });
    return items
      .filter(
        (pod) =>
          pod.metadata.deletionTimestamp === undefined &&
          pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True"),
      )
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
  });
  return pod?.status?.podIP as string;
}

/** One request as `HTTP_PROXY` clients make it: absolute form to the proxy port of the caller's sidecar. */
export function through(
  proxyIp: string,
  url: string,
  { method = "GET", headers }: { method?: string; headers?: Record<string, string> } = {},
): Promise<Reply> {
  const { host } = new URL(url);
  return reply({ host: proxyIp, port: 15001, method, path: url, headers: { host, ...headers } });
}

/** One request on a connection of its own. */
export function reply(options: RequestOptions): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ agent: false, timeout: 20_000, ...options }, (response) => {
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

/** What an app answers on its private port, past its sidecar, through the Kubernetes API. */
export async function askApp(fleet: TestFleet, pod: Pod, path: string, cluster?: string): Promise<string> {
  return podProxy(fleet, pod, 8080, path, cluster);
}

/** The sum of a pod's Envoy counters whose names match, read through the Kubernetes API. */
export async function statOf(fleet: TestFleet, pod: Pod, name: RegExp): Promise<number> {
  return sumOfStats(await podProxy(fleet, pod, 15000, "stats"), name);
}

/** The same of a page that was read already. */
export function sumOfStats(page: string, name: RegExp): number {
  return page.split("\n").reduce((sum, line) => {
    const colon = line.lastIndexOf(": ");
    return name.test(line.slice(0, colon)) ? sum + Number(line.slice(colon + 2)) : sum;
  }, 0);
}

async function podProxy(
  fleet: TestFleet,
  { metadata }: Pod,
  port: number,
  path: string,
  cluster?: string,
): Promise<string> {
  const kube = fleet.kube(cluster);
  try {
    return (await kube.raw(`/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}:${port}/proxy/${path}`))
      .body;
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
