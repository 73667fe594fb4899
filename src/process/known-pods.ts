import type { Selector } from "../istiod/concerns.ts";
import type { Workload } from "../istiod/step-answer.ts";
import type { KubeClient } from "../kube/kube-client.ts";
import type { Pod } from "../objects/core.ts";
import { kinds } from "../objects/kinds.ts";

type Labels = Readonly<Record<string, string>>;
interface MetadataList {
  items: { metadata: { name: string; labels?: Labels } }[];
  metadata: { continue?: string };
}

/** So many are asked for one by one; more of them are a list of their namespace, without specs and states. */
const singly = 10;

/** Pods as istiod's proxies are told apart: whose labels have them, and whether one has a proxy at all. */
export class KnownPods {
  readonly #kube: KubeClient;
  /** Of pods whose proxy is connected, by `POD.NAMESPACE`; their labels don't change. */
  readonly #labels = new Map<string, Labels>();

  constructor(kube: KubeClient) {
    this.#kube = kube;
  }

  get remembered(): number {
    return this.#labels.size;
  }

  /**
   * The pods that selectors may mean, as they are now, and those of the `connected` proxies (`POD.NAMESPACE`) of the same
   * namespaces. A proxy that has no pod isn't among them.
   */
  async workloads(selectors: readonly Selector[], connected: readonly string[]): Promise<Workload[]> {
    const lists = await Promise.all(queriesOf(selectors).map((query) => this.#kube.listAll<Pod>(kinds.Pod, query)));
    const found = new Map(lists.flatMap(({ items }) => items.flatMap(workloadOf)).map((one) => [one.id, one]));
    const namespaces = new Set(selectors.map(({ namespace }) => namespace));
    const others = connected.filter((id) => !found.has(id) && namespaces.has(namespaceOf(id)));
    await this.#learn(others.filter((id) => !this.#labels.has(id)));
    for (const id of others) {
      const labels = this.#labels.get(id);
      if (labels !== undefined) found.set(id, { id, namespace: namespaceOf(id), labels, hasProxy: true });
    }
    const there = new Set(connected);
    for (const id of this.#labels.keys()) if (!there.has(id)) this.#labels.delete(id);
    return [...found.values()];
  }

  async #learn(ids: readonly string[]): Promise<void> {
    const byNamespace = Map.groupBy(ids, namespaceOf);
    await Promise.all(
      [...byNamespace].map(async ([namespace, some]) => {
        if (some.length > singly) return this.#list(namespace);
        for (const id of some) {
          const name = id.slice(0, -namespace.length - 1);
          const pod = await this.#kube.find<Pod>(kinds.Pod, { namespace, name });
          if (pod !== undefined) this.#labels.set(id, pod.metadata.labels ?? {});
        }
      }),
    );
  }

  async #list(namespace: string): Promise<void> {
    let next: string | undefined;
    do {
      const { body } = await this.#kube.raw(`/api/v1/namespaces/${namespace}/pods`, {
        query: { limit: 500, ...(next !== undefined && { continue: next }) },
        accept: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json",
      });
      const { items, metadata } = JSON.parse(body) as MetadataList;
      for (const {
        metadata: { name, labels = {} },
      } of items)
        this.#labels.set(`${name}.${namespace}`, labels);
      next = metadata.continue || undefined;
    } while (next !== undefined);
  }
}

function namespaceOf(id: string): string {
  return id.slice(id.lastIndexOf(".") + 1);
}

/** One that has ended acts by nothing any more. */
function workloadOf(pod: Pod): Workload[] {
  const { name, namespace = "", labels = {} } = pod.metadata;
  if (pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed") return [];
  return [{ id: `${name}.${namespace}`, namespace, labels, hasProxy: hasProxy(pod) }];
}

/** As few lists as possible: those that differ in the app alone are one, of a hundred apps at most. */
export function queriesOf(selectors: readonly Selector[]): { namespace: string; labelSelector?: string }[] {
  const apps = new Map<string, Set<string>>();
  const queries = new Map<string, { namespace: string; labelSelector?: string }>();
  for (const { namespace, labels } of selectors) {
    const pairs = Object.entries(labels);
    if (pairs.length === 1 && labels["app"] !== undefined)
      apps.set(namespace, (apps.get(namespace) ?? new Set()).add(labels["app"]));
    else {
      const labelSelector = pairs.map(([name, value]) => `${name}=${value}`).join(",");
      queries.set(`${namespace} ${labelSelector}`, { namespace, ...(labelSelector !== "" && { labelSelector }) });
    }
  }
  for (const [namespace, names] of apps) {
    // Whoever asks for all of the namespace has these as well.
    if (queries.has(`${namespace} `)) continue;
    for (const some of chunks([...names], 100))
      queries.set(`${namespace} ${some[0]}`, { namespace, labelSelector: `app in (${some.join(",")})` });
  }
  return [...queries.values()];
}

function chunks<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, at) => all.slice(at * size, (at + 1) * size));
}

/** Injected as a container, or as an init container that goes on; one that was never started has nothing yet. */
function hasProxy({ spec, status }: Pod): boolean {
  const isThere = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].some(
    ({ name }) => name === "istio-proxy",
  );
  const states = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])];
  const its = states.find(({ name }) => name === "istio-proxy");
  return (
    isThere &&
    (its === undefined ? status?.phase === "Running" : its.state?.waiting === undefined || its.restartCount > 0)
  );
}
