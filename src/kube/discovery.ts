/** Which kinds a cluster has (https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api), asked when one turns out not to be there. */
import type { Kind } from "../objects/kinds.ts";
import { groupVersion } from "../objects/meta.ts";
import type { Clock } from "./clock.ts";
import { KubeError } from "./kube-error.ts";
import type { Transport } from "./transport.ts";

/** group → version → plural names; of the core group the name is "". */
type Served = ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<string>>>;

const aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
/** Sooner it isn't asked again: many kinds are found missing together. */
const freshMs = 10_000;

interface GroupDiscovery {
  metadata?: { name?: string };
  versions?: { version: string; resources?: { resource: string }[] }[];
}

export class Discovery {
  readonly #transport: Pick<Transport, "request">;
  readonly #clock: Clock;
  #known: { served: Promise<Served>; at: number } | undefined;

  constructor(transport: Pick<Transport, "request">, clock: Clock) {
    this.#transport = transport;
    this.#clock = clock;
  }

  /** Everything that is served, as of at most 10 s ago. Throws `KubeError`. */
  async served(): Promise<Served> {
    const now = this.#clock.now();
    if (!this.#known || now - this.#known.at >= freshMs) {
      const served = this.#ask();
      this.#known = { served, at: now };
      served.catch(() => {
        if (this.#known?.served === served) this.#known = undefined;
      });
    }
    return this.#known.served;
  }

  /** Why the cluster doesn't have the kind, and what to do; undefined: it has it. Throws `KubeError` when it can't be asked. */
  async missing(kind: Kind): Promise<string | undefined> {
    const { group, version } = groupVersion(kind.apiVersion);
    const versions = (await this.served()).get(group);
    if (versions?.get(version)?.has(kind.plural)) return undefined;
    const others = [...(versions ?? [])].filter(([, names]) => names.has(kind.plural)).map(([name]) => name);
    const has = others.length === 0 ? "" : `; it has ${others.join(", ")}`;
    return `the cluster has no ${kind.kind} of ${kind.apiVersion}${has}: ${remedy(group, others.length > 0)}`;
  }

  async #ask(): Promise<Served> {
    const served = new Map<string, Map<string, ReadonlySet<string>>>();
    const put = (group: string, version: string, names: readonly string[]): void => {
      const versions = served.get(group) ?? new Map<string, ReadonlySet<string>>();
      served.set(group, versions.set(version, new Set(names)));
    };
    await Promise.all(
      ["/api", "/apis"].map(async (path) => {
        const answer = await this.#get<{
          kind?: string;
          items?: GroupDiscovery[];
          versions?: string[];
          groups?: { versions: { groupVersion: string }[] }[];
        }>(path, `${aggregated},application/json`);
        if (answer.kind === "APIGroupDiscoveryList")
          for (const { metadata, versions = [] } of answer.items ?? [])
            for (const { version, resources = [] } of versions)
              put(
                metadata?.name ?? "",
                version,
                resources.map(({ resource }) => resource),
              );
        else if (answer.kind === "APIVersions" || answer.kind === "APIGroupList") {
          const all =
            answer.versions ?? answer.groups?.flatMap(({ versions }) => versions.map((each) => each.groupVersion));
          await Promise.all((all ?? []).map((apiVersion) => this.#version(path, apiVersion, put)));
        } else
          throw new KubeError("kube/malformed", `GET ${path}: this isn't what a Kubernetes API says that it serves`);
      }),
    );
    return served;
  }

  /** One version of a group, of a server without aggregated discovery. An extension's API that is away is none that is served. */
  async #version(
    path: string,
    apiVersion: string,
    put: (group: string, version: string, names: readonly string[]) => void,
  ): Promise<void> {
    const { group, version } = groupVersion(apiVersion);
    try {
      const { resources = [] } = await this.#get<{ resources?: { name: string }[] }>(`${path}/${apiVersion}`);
      put(
        group,
        version,
        resources.map(({ name }) => name).filter((name) => !name.includes("/")),
      );
    } catch (error) {
      if (!(error instanceof KubeError) || (error.status !== 404 && error.status !== 503)) throw error;
    }
  }

  async #get<T extends object>(path: string, accept?: string): Promise<T> {
    const { body } = await this.#transport.request({ method: "GET", path, ...(accept !== undefined && { accept }) });
    try {
      const value: unknown = JSON.parse(body);
      if (typeof value === "object" && value !== null) return value as T;
    } catch {
      // Told below.
    }
    throw new KubeError("kube/malformed", `GET ${path}: this isn't what a Kubernetes API says that it serves`);
  }
}

function remedy(group: string, otherVersion: boolean): string {
  if (group.endsWith("istio.io"))
    return otherVersion ? "upgrade Istio and its CRDs" : "install Istio, at least its CRDs (the chart istio/base)";
  if (!group.includes(".") || group.endsWith(".k8s.io")) return "upgrade Kubernetes";
  return `install the CRDs of ${group}`;
}
