import { afterEach, beforeEach, expect } from "vitest";
import { startTestServer, testToken, type TestServer } from "../../src/cluster/api/testing-server.ts";
import type { KubeConnection } from "../../src/kube/kubeconfig.ts";
import { kinds } from "../../src/objects/kinds.ts";
import { KubeClient } from "../../src/kube/kube-client.ts";
import type { Seen } from "../../src/model/rows.ts";
import type { Deployment, Service } from "../../src/objects/core.ts";
import type { KubeObject } from "../../src/objects/meta.ts";
import { patienceMs, eventually as within } from "./eventually.ts";
import { ClusterWorker } from "../../src/fleet/cluster-worker.ts";
import { DesiredObjects, keyText } from "../../src/fleet/desired.ts";
import { memoryLedger, type Ledger } from "../../src/fleet/ledger.ts";
import type { WorkerEvent } from "../../src/fleet/worker-event.ts";
import type { ClusterWorkerOptions } from "../../src/fleet/worker-options.ts";

/** Looked at often: what a worker does takes milliseconds. */
export const eventually = <T>(check: () => T | Promise<T>) => within(check, patienceMs, 10);

/** The API of an embedded cluster, where a spec says `useWorkers()`: made anew for each of its tests. */
export let api: TestServer;
/** The worker's client, and that of somebody else. */
export let kube: KubeClient;
export let other: KubeClient;
export let desired: DesiredObjects;
export let ledger: Ledger;
export let workers: ClusterWorker[];
/** Namespaces of the test's own, which don't exist yet. */
export let money = "money";
export let food = "food";

interface Place {
  kube: KubeConnection;
  other: KubeConnection;
  close(): Promise<void>;
}
/** A cluster for a test, and what its namespaces are called. */
type Open = () => Promise<Place & { suffix?: string }>;

async function embedded(): Promise<Place> {
  api = await startTestServer();
  const connection = { server: `https://127.0.0.1:${api.port}`, ca: api.rootPem };
  const certificate = await api.clientCertificate("somebody", ["system:masters"]);
  return {
    kube: { ...connection, token: testToken },
    other: { ...connection, ...certificate },
    close: () => api.stop(),
  };
}

/** Workers on a cluster, by default an embedded one's API over real HTTPS. */
export function useWorkers(open: Open = embedded): void {
  let place: Awaited<ReturnType<Open>>;
  beforeEach(async () => {
    place = await open();
    [money, food] = [`money${place.suffix ?? ""}`, `food${place.suffix ?? ""}`];
    kube = new KubeClient(place.kube);
    other = new KubeClient(place.other);
    desired = new DesiredObjects();
    ledger = memoryLedger();
    workers = [];
  });
  afterEach(async () => {
    await Promise.all(workers.map((worker) => worker.stop()));
    if (place.suffix !== undefined) for (const name of [money, food]) await other.delete(kinds.Namespace, { name });
    await Promise.all([kube.close(), other.close()]);
    await place.close();
  });
}

export interface Running {
  worker: ClusterWorker;
  events: WorkerEvent[];
  seen: () => Seen;
  applied: (revision: number) => Promise<void>;
  told: () => string[];
}
export function start(options: Partial<ClusterWorkerOptions> = {}): Running {
  const events: WorkerEvent[] = [];
  let last: Seen | undefined;
  const worker = new ClusterWorker({
    cluster: "lima",
    kube,
    desired,
    ledger,
    report: (seen) => {
      last = seen;
    },
    event: (event) => events.push(event),
    backOff: { baseMs: 20, maxMs: 200 },
    reportMs: 5,
    rateLimit: { perSecond: 10_000, burst: 10_000 },
    ...options,
  });
  workers.push(worker);
  worker.start();
  return {
    worker,
    events,
    seen: () => last!,
    applied: (revision) => eventually(() => expect(last?.applied).toBe(revision)),
    told: () => events.flatMap((event) => ("key" in event ? [`${event.type} ${keyText(event.key)}`] : [event.type])),
  };
}

export const namespace = (name = money): KubeObject => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
export const service = (name: string, port = 80): Service => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name, namespace: money, labels: { app: name } },
  spec: { selector: { app: name }, ports: [{ name: "http", port }] },
});
export const account = (name: string): KubeObject => ({
  apiVersion: "v1",
  kind: "ServiceAccount",
  metadata: { name, namespace: money },
});
export const deployment = (name: string, spec: object = {}): Deployment => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name, namespace: money, labels: { app: name } },
  spec: {
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: "app", image: "example/app:1", resources: { requests: { cpu: "1000m" } } }] },
    },
    ...spec,
  },
});
export const virtualService = (name: string): KubeObject => ({
  apiVersion: "networking.istio.io/v1",
  kind: "VirtualService",
  metadata: { name, namespace: money, labels: { app: name } },
  spec: { hosts: [name], http: [{ timeout: "3s", route: [{ destination: { host: name } }] }] },
});
export const app = (name: string) => [service(name), account(name), deployment(name), virtualService(name)];
export const at = (name: string) => ({ namespace: money, name });
