/** A namespace of a testbed with an app, `orders`, and callers of it whose proxies the test is itself. */
import { fromBinary } from "@bufbuild/protobuf";
import { RouteConfigurationSchema } from "#gen/envoy/config/route/v3/route_pb.ts";
import { objectKey, type DesiredObject } from "../../../src/fleet/desired.ts";
import type { KubeClient } from "../../../src/kube/kube-client.ts";
import type { Pod } from "../../../src/objects/core.ts";
import { kinds } from "../../../src/objects/kinds.ts";
import type { KubeObject } from "../../../src/objects/meta.ts";
import { rowRevisionAnnotation } from "../../../src/fleet/stamp.ts";
import { eventually } from "../../harness/eventually.ts";
import { AdsProxy } from "./ads-proxy.ts";

const host = (namespace: string): string => `orders.${namespace}.svc.cluster.local`;

export class MeshGround {
  readonly namespace: string;
  readonly kube: KubeClient;
  readonly #desired = new Map<string, DesiredObject>();
  readonly #proxies: AdsProxy[] = [];
  /** Of the last write, as the store would count them. */
  revision = 0;

  private constructor(kube: KubeClient, namespace: string) {
    this.kube = kube;
    this.namespace = namespace;
  }

  static async create(kube: KubeClient, namespace: string): Promise<MeshGround> {
    const ground = new MeshGround(kube, namespace);
    await kube.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
    await eventually(() => kube.get(kinds.ServiceAccount, { namespace, name: "default" }));
    await ground.put({
      ...ground.#head("v1", "Service", "orders"),
      spec: { selector: { app: "orders" }, ports: [{ name: "http", port: 80 }] },
    });
    await ground.rules("r1");
    await ground.routes({ r1: 100 }, 1);
    return ground;
  }

  /** What a worker would hold, for whoever asks what an app's objects are. */
  get link() {
    const objects = (): Iterable<DesiredObject> => this.#desired.values();
    return { kube: this.kube, desired: { objects, get: () => undefined, listen: () => () => undefined, revision: 0 } };
  }

  /** Applies an object as the worker does, as of a new revision. Returns that. */
  async put(object: KubeObject): Promise<number> {
    const rowRevision = ++this.revision;
    const key = objectKey(object);
    this.#desired.set(key, { key, object, rowRevision });
    const annotations = { [rowRevisionAnnotation]: String(rowRevision) };
    const stamped = { ...object, metadata: { ...object.metadata, annotations } };
    await this.kube.apply(stamped, { fieldManager: "quipu", force: true });
    return rowRevision;
  }

  /** The VirtualService: weights by revision, and a timeout that tells one version from another. */
  routes(weights: Readonly<Record<string, number>>, timeoutS: number): Promise<number> {
    const route = Object.entries(weights).map(([subset, weight]) => ({
      destination: { host: host(this.namespace), subset },
      weight,
    }));
    const http = [{ name: "default", route, timeout: `${timeoutS}s`, retries: { attempts: 0 } }];
    return this.put({
      ...this.#head("networking.istio.io/v1", "VirtualService", "orders"),
      spec: { hosts: [host(this.namespace)], http },
    });
  }

  /** The DestinationRule, with these subsets. */
  rules(...subsets: string[]): Promise<number> {
    return this.put({
      ...this.#head("networking.istio.io/v1", "DestinationRule", "orders"),
      spec: {
        host: host(this.namespace),
        trafficPolicy: { loadBalancer: { simple: "LEAST_REQUEST" } },
        subsets: subsets.map((name) => ({ name, labels: { "quipu.dev/revision": name } })),
      },
    });
  }

  policy(...callers: string[]): Promise<number> {
    const principals = callers.map((name) => `quipu.local/ns/${this.namespace}/sa/${name}`);
    return this.put({
      ...this.#head("security.istio.io/v1", "AuthorizationPolicy", "orders"),
      spec: {
        selector: { matchLabels: { app: "orders" } },
        action: "ALLOW",
        rules: [{ from: [{ source: { principals } }] }],
      },
    });
  }

  /** The caller's Sidecar. */
  scope(app: string, ...callees: string[]): Promise<number> {
    const hosts = callees.map((name) => `${this.namespace}/${name}.${this.namespace}.svc.cluster.local`);
    return this.put({
      ...this.#head("networking.istio.io/v1", "Sidecar", app),
      spec: {
        workloadSelector: { labels: { app } },
        egress: [{ hosts: hosts.length > 0 ? hosts : ["~/*"] }],
        outboundTrafficPolicy: { mode: "REGISTRY_ONLY" },
      },
    });
  }

  /** A pod that kwok says is running; `proxy`: with a sidecar. */
  async pod(
    name: string,
    app: string,
    { proxy = true } = {},
  ): Promise<Required<Pick<Pod, "metadata" | "status">> & Pod> {
    const labels = { app, "quipu.dev/revision": "r1" };
    await this.kube.create({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, namespace: this.namespace, labels },
      spec: {
        containers: [
          { name: "app", image: "example/app:1" },
          ...(proxy ? [{ name: "istio-proxy", image: "auto" }] : []),
        ],
      },
    });
    return eventually(async () => {
      const pod = await this.kube.get<Pod>(kinds.Pod, { namespace: this.namespace, name });
      if (pod.status?.podIP === undefined || pod.status.phase !== "Running") throw new Error(`${name} isn't running`);
      return pod as Required<Pick<Pod, "metadata" | "status">> & Pod;
    });
  }

  /** Connects the pod's proxy to an istiod, and waits for its first configuration. */
  async proxy(address: string, { metadata, status }: Pod): Promise<AdsProxy> {
    const { name: pod, labels = {} } = metadata;
    const proxy = await eventually(async () => {
      const tried = new AdsProxy(address, { pod, namespace: this.namespace, ip: status!.podIP!, labels });
      try {
        await eventually(() => {
          if (tried.inService.lds.size === 0) throw new Error("no listener yet");
        }, 5000);
        return tried;
      } catch (error) {
        tried.close();
        throw error;
      }
    });
    this.#proxies.push(proxy);
    return proxy;
  }

  /** The timeout of the route that the proxy has in service, in s; undefined: no route. */
  timeoutOf({ inService }: AdsProxy): number | undefined {
    const bytes = inService.rds.get("80");
    if (bytes === undefined) return undefined;
    const { virtualHosts } = fromBinary(RouteConfigurationSchema, bytes);
    const action = virtualHosts.find(({ name }) => name.startsWith(host(this.namespace)))?.routes[0]?.action;
    return action?.case === "route" ? Number(action.value.timeout?.seconds ?? 0n) : undefined;
  }

  /** What it made stays until its cluster goes: to remove it would be news for all proxies. */
  close(): void {
    for (const proxy of this.#proxies) proxy.close();
  }

  #head(apiVersion: string, kind: string, name: string): KubeObject {
    return { apiVersion, kind, metadata: { name, namespace: this.namespace, labels: { app: name } } };
  }
}
