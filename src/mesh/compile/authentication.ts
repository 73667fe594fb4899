import type { MutualTlsMode, PeerAuthentication } from "../../objects/istio.ts";
import { matchesLabels } from "../../objects/meta.ts";
import type { Stored } from "./index/objects.ts";
import type { Mesh } from "./mesh.ts";

export type ServerTlsMode = "DISABLE" | "PERMISSIVE" | "STRICT";

/**
 * Which transport a workload's port accepts. The narrowest PeerAuthentication that says anything wins: port, workload,
 * namespace, mesh (the root namespace's without selector); the oldest of each; nothing at all means PERMISSIVE.
 */
export function peerAuthentication(mesh: Mesh) {
  const { graph, indexes, settings } = mesh;
  const hasSelector = (stored: Stored<PeerAuthentication>) =>
    Object.keys(stored.object.spec?.selector?.matchLabels ?? {}).length > 0;
  const general = (namespace: string) =>
    indexes.peerAuthenticationByNamespace(namespace, (stored) => !hasSelector(stored))[0]?.object.spec?.mtls?.mode;

  const disables = ({ object: { spec } }: Stored<PeerAuthentication>) =>
    [spec?.mtls, ...Object.values(spec?.portLevelMtls ?? {})].some((mtls) => mtls?.mode === "DISABLE");
  /** Whether anything there says DISABLE, which is rare: else no workload and no port needs to be asked about. */
  const mayDisable = graph.family<string, boolean>("mutual TLS may be disabled", (namespace) =>
    [namespace, settings.rootNamespace].some(
      (from) => indexes.peerAuthenticationByNamespace(from, disables).length > 0,
    ),
  );

  return {
    mayDisable,
    mode(namespace: string, labels: Readonly<Record<string, string>>, port: number): ServerTlsMode {
      const own = indexes.peerAuthenticationByNamespace(
        namespace,
        (stored) => hasSelector(stored) && matchesLabels(stored.object.spec?.selector?.matchLabels, labels),
      )[0]?.object.spec;
      return firstSet(
        own?.portLevelMtls?.[String(port)]?.mode,
        own?.mtls?.mode,
        general(namespace),
        general(settings.rootNamespace),
      );
    },
  };
}
export type PeerAuthentications = ReturnType<typeof peerAuthentication>;

function firstSet(...modes: (MutualTlsMode | undefined)[]): ServerTlsMode {
  for (const mode of modes) if (mode !== undefined && mode !== "UNSET") return mode;
  return "PERMISSIVE";
}
