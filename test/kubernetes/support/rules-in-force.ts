/** What apps declare, as rules of a real cluster: rendered from what is in force, applied with a worker's marks. */
import { objectKey, parseKey, type ObjectKey } from "../../../src/fleet/desired.ts";
import { inApplyOrder, inPruneOrder } from "../../../src/fleet/order.ts";
import { stamp } from "../../../src/fleet/stamp.ts";
import type { KubeClient } from "../../../src/kube/kube-client.ts";
import type { Service } from "../../../src/objects/core.ts";
import { kinds } from "../../../src/objects/kinds.ts";
import type { KubeObject } from "../../../src/objects/meta.ts";
import { putInForce, readDocuments, type Situation } from "../../../src/render/golden/put-in-force.ts";
import { RenderedCluster } from "../../../src/render/rendered-cluster.ts";
import { eventually } from "../../harness/eventually.ts";

/** The workloads' own: a test starts processes instead. */
const ofWorkloads = new Set(["Deployment", "HorizontalPodAutoscaler", "PodDisruptionBudget"]);

export class RulesInForce {
  readonly #kube: KubeClient;
  readonly #trustDomain: string;
  #applied = new Map<ObjectKey, KubeObject>();

  constructor(kube: KubeClient, trustDomain: string) {
    this.#kube = kube;
    this.#trustDomain = trustDomain;
  }

  /** All that the mesh reads, as it was rendered last. */
  get objects(): ReadonlyMap<ObjectKey, KubeObject> {
    return this.#applied;
  }

  /** `documents`: YAML, with one Cluster. From now on they are in force, as if released; `situation`: not all the way. */
  async put(documents: string, situation: Situation = {}): Promise<void> {
    const rows = putInForce(readDocuments(documents), situation);
    const clusters = [...rows.lanes.keys()];
    if (clusters.length !== 1) throw new Error(`one Cluster is wanted, not ${clusters.length}`);
    const { objects } = new RenderedCluster(clusters[0]!, rows, { trustDomain: this.#trustDomain });
    const wanted = new Map(
      [...objects.values()]
        .filter(({ object }) => !ofWorkloads.has(object.kind))
        .map(({ object }) => [objectKey(object), object]),
    );
    const before = this.#applied;
    const changed = [...wanted.keys()].filter(
      (key) => JSON.stringify(before.get(key)) !== JSON.stringify(wanted.get(key)),
    );
    for (const group of inApplyOrder(changed)) for (const key of group) await this.#apply(key, wanted.get(key)!);
    await this.#delete([...before.keys()].filter((key) => !wanted.has(key)));
    this.#applied = wanted;
  }

  /** The Service's address: what its name stands for in the cluster's DNS. `host`: `app.namespace`. */
  async addressOf(host: string): Promise<string> {
    const [name, namespace] = host.split(".") as [string, string];
    const { spec } = await this.#kube.get<Service>(kinds.Service, { name, namespace });
    return spec!.clusterIP!;
  }

  /** Until the namespaces are gone, so that whoever comes next may have the same. */
  async clear(): Promise<void> {
    await this.#delete([...this.#applied.keys()]);
    const namespaces = [...this.#applied.values()].filter(({ kind }) => kind === "Namespace");
    for (const { metadata } of namespaces)
      await eventually(async () => {
        const left = await this.#kube.find(kinds.Namespace, { name: metadata.name });
        if (left !== undefined) throw new Error(`namespace ${metadata.name} is still there`);
      });
    this.#applied = new Map();
  }

  async #apply(key: ObjectKey, object: KubeObject): Promise<void> {
    const { object: sent } = stamp({ key, object, rowRevision: 1 });
    await this.#kube.apply(sent, { fieldManager: "quipu", force: true, fieldValidation: "Strict" });
  }

  async #delete(keys: readonly ObjectKey[]): Promise<void> {
    for (const group of inPruneOrder(keys))
      for (const key of group) {
        const { kind, namespace, name } = parseKey(key)!;
        await this.#kube.delete(kind, { name, ...(namespace !== undefined && { namespace }) });
      }
  }
}
