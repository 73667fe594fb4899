import type { OutsideHost } from "../model/rows.ts";
import type { ServiceEntry } from "../objects/istio.ts";
import { head } from "./names.ts";
import type { Reader } from "./reader.ts";

/** A host outside of the mesh that apps of a segment call, known to that segment alone. */
export function serviceEntry(segment: string, host: string, read: Reader): ServiceEntry | undefined {
  const ports = new Map<number, OutsideHost>();
  for (const app of read.outsideCallersOf(segment, host)) {
    if (read.homeLane(app) === undefined) continue;
    for (const outside of read.roster(app)?.outside ?? []) {
      // Callers that disagree on a port's protocol: the first by name counts.
      if (outside.host === host && outside.stage === "open" && !ports.has(outside.port))
        ports.set(outside.port, outside);
    }
  }
  if (ports.size === 0) return undefined;
  return {
    ...head("ServiceEntry", segment, host),
    spec: {
      hosts: [host],
      ports: [...ports.values()]
        .toSorted((a, b) => a.port - b.port)
        .map(({ port, protocol }) => ({ number: port, name: `${protocol}-${port}`, protocol: protocol.toUpperCase() })),
      location: "MESH_EXTERNAL",
      resolution: "DNS",
      exportTo: ["."],
    },
  };
}
