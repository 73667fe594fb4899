/**
 * What Quipu relies on in a Kubernetes API. Run against the embedded cluster's API, and, where
 * QUIPU_CONFORMANCE_KUBECONFIG names a kubeconfig, against that one (a bare kube-apiserver is enough) instead.
 */
import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { startTestServer } from "../../../src/cluster/api/testing-server.ts";
import { KubeClient } from "../../../src/kube/kube-client.ts";
import { connectionFromKubeconfig, type KubeConnection } from "../../../src/kube/kubeconfig.ts";
import type { ConfigMap, Deployment, Service } from "../../../src/objects/core.ts";
import { kinds } from "../../../src/objects/kinds.ts";
import type { KubeObject } from "../../../src/objects/meta.ts";

export let client: KubeClient;
export let connection: KubeConnection;
let stopServer = async (): Promise<void> => undefined;
let count = 0;
export let namespace: string;

/** A client of the API, and a namespace of its own for each test. */
export function useApi(): void {
  beforeAll(async () => {
    const given = process.env["QUIPU_CONFORMANCE_KUBECONFIG"];
    const readFile = (path: string) => readFileSync(path, "utf8");
    if (given !== undefined) connection = connectionFromKubeconfig(readFile(given), { path: given, readFile });
    else {
      const api = await startTestServer();
      const path = api.kubeconfig();
      // The way of a user: the kubeconfig's own words, here with a client certificate.
      const { token: _, ...rest } = connectionFromKubeconfig(readFile(path), { path, readFile });
      connection = { ...rest, ...(await api.clientCertificate("conformance", ["system:masters"])) };
      stopServer = () => api.stop();
    }
    client = new KubeClient(connection);
  });
  afterAll(async () => {
    await client.close();
    await stopServer();
  });
  beforeEach(async () => {
    namespace = `conformance-${process.pid}-${++count}`;
    await client.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  });
  afterEach(() => client.delete(kinds.Namespace, { name: namespace }));
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
