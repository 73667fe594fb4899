import { stringify } from "yaml";
import { CliError } from "../cli-error.ts";
import { withClient } from "../with-client.ts";

interface Rendered {
  inForce: boolean;
  clusters: { cluster: string; objects: unknown[] }[];
}

/** The objects of an app as the clusters have them, or would have them after its first release. */
export async function renderApp(app: string, { cluster, output }: { cluster?: string; output: string }): Promise<void> {
  await withClient(async (client) => {
    const answer = await client.get<Rendered>(`/api/v1/apps/${encodeURIComponent(app)}/render`);
    const names = answer.clusters.map((one) => one.cluster);
    if (cluster !== undefined && !names.includes(cluster))
      throw new CliError(
        "usage",
        `${app} has no objects in cluster "${cluster}"`,
        `It has some in: ${names.join(", ") || "none"}.`,
      );
    const wanted = answer.clusters
      .filter((one) => cluster === undefined || one.cluster === cluster)
      .map((one) => [one.cluster, one.objects] as const);
    if (output === "json") {
      console.log(JSON.stringify(Object.fromEntries(wanted), null, 2));
      return;
    }
    if (!answer.inForce) process.stderr.write(`${app} isn't in force yet: this is what its first release would make\n`);
    for (const [name, objects] of wanted)
      for (const object of objects)
        process.stdout.write(`---\n# cluster: ${name}\n${stringify(object, { lineWidth: 0 })}`);
  });
}
