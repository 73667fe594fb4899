/**
 * What Quipu relies on in a Kubernetes API: one suite, run unchanged on the embedded cluster's API and on a real
 * kube-apiserver. Where they differ, the embedded one is wrong.
 */
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { KubeClient } from "../../src/kube/kube-client.ts";
import type { KubeConnection } from "../../src/kube/kubeconfig.ts";
import { Transport, type Request } from "../../src/kube/transport.ts";
import type { ConfigMap, Deployment, Service } from "../../src/objects/core.ts";
import { kinds } from "../../src/objects/kinds.ts";
import type { KubeObject } from "../../src/objects/meta.ts";

/** A cluster to run on. */
export interface Ground {
  /** An administrator's. */
  connection: KubeConnection;
  close(): Promise<void>;
}

export let client: KubeClient;
export let connection: KubeConnection;
export let namespace: string;
let transport: Transport;
let count = 0;

/** A client of the API, and a namespace of its own for each test. */
export function useGround(open: () => Promise<Ground>): void {
  let ground: Ground;
  beforeAll(async () => {
    ground = await open();
    connection = ground.connection;
    client = new KubeClient(connection);
    transport = new Transport(connection);
  });
  afterAll(async () => {
    await Promise.all([client.close(), transport.close()]);
    await ground.close();
  });
  beforeEach(async () => {
    namespace = `conformance-${process.pid}-${++count}`;
    await client.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  });
  afterEach(() => client.delete(kinds.Namespace, { name: namespace }));
}

/** For what the client has no word for. Throws `KubeError` as it does. */
// oxlint-disable-next-line typescript/no-explicit-any
export async function ask(request: Request): Promise<any> {
  return JSON.parse((await transport.request(request)).body);
}

export const ref = (name: string) => ({ namespace, name });
export const map = (name: string, data: Record<string, string>, labels?: Record<string, string>): ConfigMap => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { ...ref(name), ...(labels && { labels }) },
  data,
});
export const service = (spec: Service["spec"]): Service => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: ref("web"),
  ...(spec && { spec }),
});
export const virtualService = (spec: object): KubeObject => ({
  apiVersion: "networking.istio.io/v1",
  kind: "VirtualService",
  metadata: ref("web"),
  spec,
});
export const deployment = (container: object = {}, spec: object = {}): Deployment => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: ref("web"),
  spec: {
    selector: { matchLabels: { app: "web" } },
    template: {
      metadata: { labels: { app: "web" } },
      spec: { containers: [{ name: "app", image: "example/app:1", ...container }] },
    },
    ...spec,
  },
});
export const managers = (object: KubeObject) =>
  object.metadata.managedFields
    ?.map(({ manager, operation, subresource }) => `${manager}/${operation}${subresource ? `/${subresource}` : ""}`)
    .toSorted();
