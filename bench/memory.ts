import { readFileSync } from "node:fs";
import { ownProcesses } from "../src/process/proc.ts";
import type { Row } from "./benchmark.ts";

interface Memory {
  role: string;
  pss: number;
  rss: number;
}

/** Proportional and resident size of every process of a fleet, in MB, from `/proc/PID/smaps_rollup`. */
export function memoryOf(fleet: string): Memory[] {
  return ownProcesses(fleet).map(({ pid, role }) => {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
    const kilobytes = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? 0) / 1000;
    return { role, pss: kilobytes("Pss"), rss: kilobytes("Rss") };
  });
}

/** The same as rows: each server, cluster and mesh; apps and sidecars together; all. */
export function memoryRows(processes: readonly Memory[]): Row[] {
  const kindOf = (role: string) => (/^(app|sidecar|load)\//.test(role) ? `all of ${role.split("/")[0]}` : role);
  const groups = Map.groupBy(processes, ({ role }) => kindOf(role));
  const sum = (list: readonly Memory[], field: "pss" | "rss") => list.reduce((total, one) => total + one[field], 0);
  const row = (measure: string, list: readonly Memory[]): Row => ({
    measure: `memory, ${measure}`,
    value: sum(list, "pss"),
    unit: "MB PSS",
    note: `${list.length} processes, ${sum(list, "rss").toFixed(0)} MB resident`,
  });
  return [
    ...[...groups].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([kind, list]) => row(kind, list)),
    row("everything (limit 3000)", processes),
  ];
}
