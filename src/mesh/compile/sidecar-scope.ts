import { isDeepStrictEqual } from "node:util";
import type { Sidecar, SidecarSpec } from "../../objects/istio.ts";
import { matchesLabels } from "../../objects/meta.ts";
import type { Stored } from "./index/objects.ts";
import type { Mesh } from "./mesh.ts";
import { hostMatches } from "./names.ts";
import { isExported, type MeshService, type Services } from "./service.ts";

/** What a workload may see of the mesh. */
export interface Scope {
  /** Ids (`namespace/host`), one service per host, sorted by host. */
  readonly services: readonly string[];
  /** `namespace/host` patterns, as in the Sidecar; they hold for VirtualServices too. */
  readonly hosts: readonly string[];
  /** What happens to requests to anything else. */
  readonly outbound: "REGISTRY_ONLY" | "ALLOW_ANY";
}

export function sidecarScopes(mesh: Mesh, services: Services) {
  const { graph, indexes, settings } = mesh;

  /** The Sidecar of a workload as `namespace/name`, or "": one that selects it, its namespace's, the root namespace's; the oldest of each. */
  function sidecarFor(namespace: string, labels: Readonly<Record<string, string>>): string {
    const selecting = (stored: Stored<Sidecar>) =>
      stored.object.spec?.workloadSelector !== undefined &&
      matchesLabels(stored.object.spec.workloadSelector.labels, labels);
    const general = (stored: Stored<Sidecar>) => stored.object.spec?.workloadSelector === undefined;
    const found =
      indexes.sidecarByNamespace(namespace, selecting)[0] ??
      indexes.sidecarByNamespace(namespace, general)[0] ??
      indexes.sidecarByNamespace(settings.rootNamespace, general)[0];
    return found === undefined ? "" : `${found.namespace}/${found.name}`;
  }

  const sidecar = graph.family<string, SidecarSpec | undefined>(
    "sidecar",
    (id) => {
      const [namespace, name] = id.split("/") as [string, string];
      return indexes.sidecarByNamespace(namespace, (stored) => stored.name === name)[0]?.object.spec;
    },
    { equal: isDeepStrictEqual },
  );

  function matching(pattern: string, viewer: string): MeshService[] {
    const slash = pattern.indexOf("/");
    const namespace = slash < 0 ? "*" : pattern.slice(0, slash);
    const host = pattern.slice(slash + 1);
    if (namespace === "~") return [];
    const from = namespace === "." ? viewer : namespace;
    const candidates = !host.startsWith("*")
      ? services.byHost(host)
      : from === "*"
        ? services.all()
        : services.byNamespace(from);
    return candidates.filter(
      (service) =>
        (from === "*" || service.namespace === from) && hostMatches(host, service.host) && isExported(service, viewer),
    );
  }

  /** Key: the viewer's namespace and the Sidecar, `namespace|namespace/name`. */
  const scope = graph.family<string, Scope>(
    "scope",
    (key) => {
      const [viewer, id] = key.split("|") as [string, string];
      const spec = id === "" ? undefined : sidecar(id);
      const listed = (spec?.egress ?? []).flatMap((listener) => listener.hosts);
      const hosts = spec?.egress === undefined || spec.egress.length === 0 ? ["*/*"] : listed;
      const byHost = new Map<string, MeshService>();
      for (const service of hosts.flatMap((pattern) => matching(pattern, viewer))) {
        const other = byHost.get(service.host);
        if (other === undefined || preferred(service, other, viewer)) byHost.set(service.host, service);
      }
      const found = [...byHost.values()].sort((a, b) => (a.host < b.host ? -1 : 1)).map((service) => service.id);
      return { services: found, hosts, outbound: spec?.outboundTrafficPolicy?.mode ?? "ALLOW_ANY" };
    },
    { equal: isDeepStrictEqual },
  );

  const inboundPool = (id: string) => (id === "" ? undefined : sidecar(id)?.inboundConnectionPool);
  return { sidecarFor, scope, inboundPool };
}
export type SidecarScopes = ReturnType<typeof sidecarScopes>;

function preferred(candidate: MeshService, current: MeshService, viewer: string): boolean {
  return current.namespace !== viewer && candidate.namespace === viewer;
}

/** Whether a Sidecar's egress hosts let an object of this namespace and host through. */
export function scopeAllows(hosts: readonly string[], viewer: string, namespace: string, host: string): boolean {
  return hosts.some((pattern) => {
    const slash = pattern.indexOf("/");
    const wanted = slash < 0 ? "*" : pattern.slice(0, slash);
    return (
      (wanted === "*" || wanted === namespace || (wanted === "." && namespace === viewer)) &&
      hostMatches(pattern.slice(slash + 1), host)
    );
  });
}
