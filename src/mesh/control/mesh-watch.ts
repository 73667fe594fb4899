import { systemClock } from "../../kube/clock.ts";
import { Hurry, mayBeOver } from "../../kube/hurry.ts";
import type { KubeClient } from "../../kube/kube-client.ts";
import { Reflector } from "../../kube/reflector.ts";
import type { ReflectorStatus } from "../../kube/reflector.ts";
import type { ConfigMap, Pod, Secret } from "../../objects/core.ts";
import { kinds } from "../../objects/kinds.ts";
import type { Kind } from "../../objects/kinds.ts";
import type { KubeObject } from "../../objects/meta.ts";
import type { SecretService } from "../identity/secret-service.ts";
import type { LimitConfigError } from "../ratelimit/limits.ts";
import { compiledKinds, rateLimitSelector } from "./mesh-kinds.ts";
import type { ObjectFeed } from "./object-feed.ts";

export interface MeshWatchOptions {
  client: Pick<KubeClient, "list" | "watch">;
  feed: ObjectFeed;
  /** Absent: Secrets aren't read. */
  secrets?: Pick<SecretService, "putSecret" | "removeSecret">;
  /** Absent: ConfigMaps aren't read. */
  rateLimit?: {
    putConfig(object: ConfigMap): LimitConfigError | undefined;
    removeConfig(namespace: string, name: string): void;
  };
  /** Whose streams follow their pods. */
  pods: { changed(pod: Pod): void; gone(pod: Pod): void };
  log: { warn(fields: object, message: string): void };
  now: () => number;
}

/** A restarted API is seen again soon: what changes meanwhile reaches nobody. */
const backOff = { baseMs: 200, maxMs: 5000 };

/** Keys of Secrets that gateways use; what else a Secret holds is not kept here. */
const certificateKeys = ["tls.crt", "tls.key", "cert", "key", "ca.crt", "cacert"];

/** Everything that a mesh process watches, and where it goes. */
export class MeshWatch {
  readonly #options: MeshWatchOptions;
  readonly #reflectors: Reflector[] = [];
  readonly #pods: Reflector;
  readonly #stop = new AbortController();
  readonly #hurry = new Hurry(() => this.#reflectors, systemClock, this.#stop.signal);

  constructor(options: MeshWatchOptions) {
    this.#options = options;
    const { feed, secrets, rateLimit, log } = options;
    for (const kind of compiledKinds)
      this.#reflect(
        kind,
        (object) => {
          feed.put(object);
          if (kind === kinds.Pod) options.pods.changed(object as Pod);
        },
        (object) => {
          feed.remove(object);
          if (kind === kinds.Pod) options.pods.gone(object as Pod);
        },
      );
    if (secrets !== undefined)
      this.#reflect(
        kinds.Secret,
        (object) => secrets.putSecret(object),
        ({ metadata }) => secrets.removeSecret(metadata.namespace ?? "", metadata.name),
        { keep: certificatesOf },
      );
    if (rateLimit !== undefined)
      this.#reflect(
        kinds.ConfigMap,
        (object) => {
          const error = rateLimit.putConfig(object);
          if (error)
            log.warn(
              {
                configMap: `${object.metadata.namespace}/${object.metadata.name}`,
                field: error.field,
                found: error.found,
                accepted: error.accepted,
              },
              error.message,
            );
        },
        ({ metadata }) => rateLimit.removeConfig(metadata.namespace ?? "", metadata.name),
        { labelSelector: rateLimitSelector },
      );
    this.#pods = this.#reflectors.find(({ kind }) => kind === kinds.Pod)!;
  }

  /** Resolves when every kind has been listed once, however long that takes; rejects when the signal aborts. */
  async start(signal: AbortSignal): Promise<void> {
    const synced = this.#reflectors.map(
      (reflector) =>
        new Promise<void>((resolve, reject) => {
          const end = reflector.listen({
            synced: () => {
              end();
              resolve();
            },
          });
          signal.addEventListener("abort", () => reject(signal.reason), { once: true });
        }),
    );
    for (const reflector of this.#reflectors) reflector.start();
    await Promise.all(synced);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#reflectors.map((reflector) => reflector.stop()));
  }

  get synced(): boolean {
    return this.#reflectors.every(({ synced }) => synced);
  }

  /** A pod as the Kubernetes API last told of it. */
  pod(namespace: string, name: string): Pod | undefined {
    return this.#pods.get(name, namespace) as Pod | undefined;
  }

  pods(): Iterable<Pod> {
    return this.#pods.values() as Iterable<Pod>;
  }

  /** Everything that the compiler is given, as last seen. */
  *compiled(): Generator<KubeObject> {
    for (const reflector of this.#reflectors) if (compiledKinds.includes(reflector.kind)) yield* reflector.values();
  }

  /** By kind: how its watch is, and how old its view (ms). */
  status(): Record<string, ReflectorStatus & { ageMs: number | null }> {
    const now = this.#options.now();
    return Object.fromEntries(
      this.#reflectors.map((reflector) => {
        const ageMs = reflector.ageMs(now);
        return [reflector.kind.kind, { ...reflector.status(), ageMs: Number.isFinite(ageMs) ? ageMs : null }];
      }),
    );
  }

  #reflect(
    kind: Kind,
    put: (object: KubeObject) => void,
    remove: (object: KubeObject) => void,
    options: { keep?: (object: KubeObject) => KubeObject; labelSelector?: string } = {},
  ): void {
    const reflector = new Reflector({
      client: this.#options.client,
      kind,
      backOff,
      keep: options.keep ?? withoutManagedFields,
      ...(options.labelSelector !== undefined && { labelSelector: options.labelSelector }),
    });
    reflector.listen({
      added: put,
      modified: put,
      deleted: remove,
      // Each waits for itself, and differently long. What comes back apart is told apart: routes to a subset whose
      // DestinationRule isn't known yet, pods that serve before their policy. So the first to be answered wakes the others.
      watching: () => this.#hurry.whose(mayBeOver),
      problem: (error) =>
        this.#options.log.warn({ kind: kind.kind, reason: error.message }, "watching a kind failed; it goes on"),
    });
    this.#reflectors.push(reflector);
  }
}

function withoutManagedFields<T extends KubeObject>(object: T): T {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

function certificatesOf(object: KubeObject): KubeObject {
  const { data = {} } = object as Secret;
  return {
    ...withoutManagedFields(object),
    data: Object.fromEntries(Object.entries(data).filter(([key]) => certificateKeys.includes(key))),
  } as KubeObject;
}
