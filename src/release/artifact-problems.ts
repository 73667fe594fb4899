import type { Cluster } from "../model/cluster.ts";
import { Problem } from "../model/problem.ts";

/** What was uploaded is kept by the server, for the clusters of its machine. Pure. */
export function artifactProblems(
  app: string,
  image: string | undefined,
  placed: readonly string[],
  clusters: readonly Cluster[],
): Problem[] {
  if (image?.startsWith("quipu.local/") !== true) return [];
  const joined = clusters
    .filter(({ metadata, spec }) => spec.connection !== undefined && placed.includes(metadata.name))
    .map(({ metadata }) => metadata.name)
    .join(", ");
  if (joined === "") return [];
  return [
    new Problem("no-image", `${app} runs an uploaded folder, which ${joined} can't fetch.`, {
      field: "spec.placement.clusters",
      found: joined,
      accepted: `embedded clusters; or an image: quipu deploy ${app} --image IMAGE`,
      subject: `App/${app}`,
    }),
  ];
}
