import { CliError } from "../cli/cli-error.ts";
import type { ClusterEntry } from "./home.ts";

/**
 * `--cluster NAME=REGION/ZONE[,hollow]`: the first is the one that gets changes first (`stage: canary`). Pods of a hollow
 * cluster become ready without a process: for trials of scale.
 */
export function parseClusters(values: readonly string[]): ClusterEntry[] {
  if (values.length > 15)
    throw new CliError("usage", `${values.length} clusters were asked for; a fleet on one machine has room for 15`);
  const entries = values.map((value, index): ClusterEntry => {
    const match = /^([a-z]([-a-z0-9]{0,38}[a-z0-9])?)=([a-z0-9-]+)\/([a-z0-9-]+)(,hollow)?$/.exec(value);
    if (match === null)
      throw new CliError(
        "usage",
        `--cluster ${value}: not of the form NAME=REGION/ZONE or NAME=REGION/ZONE,hollow`,
        "For example: --cluster bogota=co/co-a",
      );
    const [, name, , region, zone, hollow] = match as unknown as [string, string, string, string, string, string?];
    return {
      name,
      region,
      zone,
      labels: { market: region, stage: index === 0 ? "canary" : "main" },
      index: index + 1,
      ...(hollow !== undefined && { hollow: true }),
    };
  });
  const double = entries.find(({ name }, index) => entries.findIndex((other) => other.name === name) !== index);
  if (double !== undefined) throw new CliError("usage", `--cluster: the name ${double.name} is given twice`);
  return entries;
}
