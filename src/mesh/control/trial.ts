import { routesOfListener } from "../compile/references.ts";
import { explain } from "../explain/explain.ts";
import type { Explanation } from "../explain/explanation.ts";
import type { ProxyConfig } from "../explain/question.ts";
import type { EndpointSlice } from "../../objects/core.ts";
import type { KubeObject } from "../../objects/meta.ts";
import type { MeshCompiler, Proxy, Resource } from "../resource.ts";
import type { ExplainQuery } from "./explain-query.ts";
import { objectId } from "./object-feed.ts";
import { laidOver, trialObjects, type Objects } from "./trial-objects.ts";
import type { TrialQuery } from "./trial-query.ts";

export interface TrialAnswer {
  /** null: the caller, or the service that it calls, has no connected proxy, so that nothing can be told. */
  before: Explanation | null;
  after: Explanation | null;
}

export interface TrialOptions {
  newCompiler: () => MeshCompiler;
  /** What the process watches, of the kinds that are compiled. */
  objects: () => Iterable<KubeObject>;
  /** Those that are connected. */
  proxies: () => Iterable<{ readonly proxy: Proxy }>;
  trustDomain: string;
  /** Lets everything else that waits go first: setImmediate. */
  pause: () => Promise<unknown>;
}

/** Trials that may wait for their turn. */
const mostWaiting = 8;
const objectsAtOnce = 250;

/** Too many trials at a time. */
export class TrialsBusy extends Error {
  override readonly name = "TrialsBusy";
  readonly code = "mesh/busy";
}

/**
 * Explains requests as things are, and as they would be with other objects. A compiler of its own takes in what the
 * process watches; proxies are added as questions come by them, with addresses and labels as they are connected now. The
 * running compiler isn't touched, and nothing is sent to anybody. One trial at a time, with pauses in it, so that
 * proxies are served meanwhile. What a trial compiles of endpoints: see `trialObjects`.
 */
export class Trials {
  readonly #options: TrialOptions;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(options: TrialOptions) {
    this.#options = options;
  }

  /** Throws TrialsBusy; rejects with the signal's reason when it aborts. */
  async run(query: TrialQuery, signal?: AbortSignal): Promise<{ answers: TrialAnswer[] }> {
    if (this.#waiting > mostWaiting)
      throw new TrialsBusy(`${this.#waiting} trials are waiting; ask again in some seconds`);
    this.#waiting++;
    const turn = this.#last.then(() => this.#try(query, signal));
    this.#last = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      this.#waiting--;
    }
  }

  async #try(
    { put, remove, questions }: TrialQuery,
    signal: AbortSignal | undefined,
  ): Promise<{ answers: TrialAnswer[] }> {
    const { newCompiler, trustDomain } = this.#options;
    const pause = async () => {
      await this.#options.pause();
      signal?.throwIfAborted();
    };
    await pause();
    const proxies = [...this.#options.proxies()].map(({ proxy }) => withCallees(proxy, questions));
    const byIp = new Map(proxies.map((proxy) => [proxy.ip, proxy]));
    const isConnected = (address: string) => byIp.has(address);
    const compiler = newCompiler();
    const added = new Set<string>();
    let there: Objects = new Map();

    /** Goes on to these objects. */
    const compile = async (objects: Objects) => {
      let count = 0;
      const turn = async () => {
        if (++count % objectsAtOnce === 0) await pause();
      };
      for (const [id, { kind, metadata }] of there) {
        if (objects.has(id)) continue;
        compiler.remove(kind, metadata.namespace ?? "", metadata.name);
        await turn();
      }
      for (const [id, object] of objects) {
        if (there.get(id) === object) continue;
        compiler.put(object);
        await turn();
      }
      compiler.flush();
      there = objects;
    };
    const answerAll = async (objects: Objects): Promise<(Explanation | null)[]> => {
      await compile(objects);
      const configs = new Map<string, ProxyConfig>();
      const configOf = (proxy: Proxy): ProxyConfig => {
        if (!added.has(proxy.id)) compiler.addProxy(proxy);
        added.add(proxy.id);
        const known = configs.get(proxy.id) ?? configFrom(compiler, proxy, trustDomain);
        configs.set(proxy.id, known);
        return known;
      };
      const reachable = servicesWithProxy(objects, isConnected);
      const answers: (Explanation | null)[] = [];
      for (const { from, question } of questions) {
        const caller = proxies
          .filter((proxy) => proxy.namespace === from.namespace && proxy.serviceAccount === from.serviceAccount)
          .toSorted((a, b) => (a.id < b.id ? -1 : 1))[0];
        const told = caller !== undefined && reachable(new URL(question.url).hostname);
        answers.push(
          told
            ? explain(
                configOf(caller),
                (address) => {
                  const proxy = byIp.get(address);
                  return proxy === undefined ? undefined : configOf(proxy);
                },
                question,
              )
            : null,
        );
        await pause();
      }
      return answers;
    };

    const now: Objects = new Map([...this.#options.objects()].map((object) => [objectId(object), object]));
    await pause();
    const before = await answerAll(trialObjects(now, isConnected));
    const after = await answerAll(trialObjects(laidOver(now, put, remove), isConnected));
    return {
      answers: questions.map((_, index) => {
        const [was, is] = [before[index] ?? null, after[index] ?? null];
        return was === null || is === null ? { before: null, after: null } : { before: was, after: is };
      }),
    };
  }
}

/** Everything that a proxy has, by the names that its listeners and clusters ask for. */
function configFrom(
  compiler: MeshCompiler,
  { id, namespace, serviceAccount }: Proxy,
  trustDomain: string,
): ProxyConfig {
  const { listeners, clusters } = compiler.snapshot(id);
  const routes = new Set([...listeners.values()].flatMap(({ bytes }) => [...routesOfListener(bytes)]));
  const resources: (Resource | undefined)[] = [
    ...listeners.values(),
    ...clusters.values(),
    ...[...routes].map((name) => compiler.route(id, name)),
    ...[...clusters.keys()].map((name) => compiler.endpoints(id, name)),
  ];
  return {
    name: `${serviceAccount}.${namespace}`,
    identity: `spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}`,
    resources: resources.filter((resource) => resource !== undefined),
  };
}

/** Whether a name (`catalog.food`) leads to a proxy that is connected, or to something that isn't a Service with pods. */
function servicesWithProxy(objects: Objects, isConnected: (address: string) => boolean): (host: string) => boolean {
  const connected = new Set<string>();
  for (const object of objects.values()) {
    if (object.kind !== "EndpointSlice") continue;
    const { metadata, endpoints } = object as EndpointSlice;
    if (endpoints.some(({ addresses }) => isConnected(addresses[0] ?? "")))
      connected.add(`${metadata.namespace}/${metadata.labels?.["kubernetes.io/service-name"]}`);
  }
  return (host) => {
    const [name, namespace] = host.split(".");
    return connected.has(`${namespace}/${name}`) || !objects.has(`Service/${namespace}/${name}`);
  };
}

/**
 * Callees by TCP have an address in each pod that was given when the pod began. Those that are called only now get one
 * that nothing else has, as the caller's next pods will.
 */
function withCallees(proxy: Proxy, questions: readonly ExplainQuery[]): Proxy {
  const hosts = questions
    .filter(
      ({ from, question }) =>
        question.url.startsWith("tcp:") &&
        from.namespace === proxy.namespace &&
        from.serviceAccount === proxy.serviceAccount,
    )
    .map(({ question }) => new URL(question.url).hostname.replace(/^([^.]+\.[^.]+)$/, "$1.svc.cluster.local"));
  const { QUIPU_CALLEES: callees = {} } = proxy.metadata;
  if (hosts.length === 0 || typeof callees !== "object") return proxy;
  const given = Object.fromEntries([...new Set(hosts)].map((host, index) => [host, `240.0.0.${index + 1}`]));
  return { ...proxy, metadata: { ...proxy.metadata, QUIPU_CALLEES: { ...given, ...callees } } };
}
