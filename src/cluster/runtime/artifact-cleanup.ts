import type { Deployment, Pod } from "../../objects/core.ts";
import type { ClusterObjects } from "../controllers/cluster-objects.ts";
import type { ArtifactStore } from "./artifacts.ts";
import { parseImage } from "./image.ts";

/** An unpacked artifact; `usedAt` is when a pod last started from it, Unix ms. */
export interface UnpackedArtifact {
  digest: string;
  usedAt: number;
}

/** How many artifacts that nobody names are kept in any case: a way back to the revision before needs no fetching. */
export const keptUnnamed = 5;
/** How long one that nobody names is kept at least. */
export const keptMs = 3_600_000;

/** Digests that can go: named by no Pod or Deployment, not used for an hour, and not among the latest five of those. */
export function planCleanup(
  artifacts: readonly UnpackedArtifact[],
  named: ReadonlySet<string>,
  now: number,
): UnpackedArtifact["digest"][] {
  return artifacts
    .filter(({ digest }) => !named.has(digest))
    .toSorted((a, b) => b.usedAt - a.usedAt)
    .slice(keptUnnamed)
    .filter(({ usedAt }) => now - usedAt >= keptMs)
    .map(({ digest }) => digest);
}

export async function cleanArtifacts(store: ArtifactStore, objects: ClusterObjects): Promise<void> {
  const unpacked = await store.unpacked();
  // Read after the folder, so that a pod that came meanwhile keeps its own.
  const named = namedArtifacts(objects.list<Pod>("Pod"), objects.list<Deployment>("Deployment"));
  for (const digest of planCleanup(unpacked, named, Date.now())) await store.remove(digest);
}

/** Digests of the artifacts that pods run, or would run. */
export function namedArtifacts(pods: readonly Pod[], deployments: readonly Deployment[]): Set<string> {
  const named = new Set<string>();
  const specs = [...pods.map(({ spec }) => spec), ...deployments.map(({ spec }) => spec?.template.spec)];
  for (const spec of specs)
    for (const { image } of [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])]) {
      const digest = digestOf(image);
      if (digest !== undefined) named.add(digest);
    }
  return named;
}

function digestOf(image: string): string | undefined {
  try {
    const source = parseImage(image, true);
    return source.kind === "artifact" ? source.digest : undefined;
  } catch {
    return undefined;
  }
}
