import type { App, AppSpec } from "./app.ts";
import { durationMs } from "./duration.ts";
import type { ProbeSpec, TcpProbe, WorkloadPart } from "./parts.ts";
import { isHttp, protocolOf } from "./protocol.ts";
import { overlaysOf } from "./resolve-overlay.ts";

type Workload = NonNullable<AppSpec["workload"]>;
type Probe = NonNullable<NonNullable<Workload["probes"]>["readiness"]>;

export function workloadPart(app: App, spec: AppSpec, image: string | undefined): WorkloadPart {
  const workload = spec.workload!;
  const ports = portsOf(spec);
  const overlay = overlaysOf(spec).workload;
  const { requests = {}, limits = {} } = workload.resources ?? {};
  return {
    app: app.metadata.name,
    segment: spec.segment,
    team: spec.team,
    labels: { ...app.metadata.labels },
    image: image ?? workload.image ?? `quipu.local/${app.metadata.name}`,
    command: [...(workload.command ?? [])],
    ports,
    env: Object.entries(workload.env ?? {})
      .toSorted(byKey)
      .map(([name, value]) => {
        if (typeof value === "string") return { name, value };
        return "secret" in value
          ? { name, secret: { name: value.secret, key: value.key } }
          : { name, config: { name: value.config, key: value.key } };
      }),
    files: Object.entries(workload.files ?? {})
      .toSorted(byKey)
      .map(([path, source]) => ({ path, ...source })),
    resources: { requests: texts(requests), limits: texts(limits) },
    readiness:
      probe(workload.probes?.readiness, ports) ??
      (ports[0] === undefined ? null : { kind: "tcp", port: ports[0].name }),
    liveness: probe(workload.probes?.liveness, ports),
    terminationGraceMs: durationMs(workload.terminationGracePeriod!),
    drainMs: durationMs(workload.drain!),
    spread: spec.placement?.spread ?? "zone",
    ...(overlay.length > 0 && { overlay }),
  };
}

/** The ports of an effective spec, with their protocols. */
export function portsOf(spec: AppSpec): WorkloadPart["ports"] {
  return (spec.workload?.ports ?? []).map((port) => ({ name: port.name, port: port.port, protocol: protocolOf(port) }));
}

function probe(value: Probe | undefined, ports: WorkloadPart["ports"]): ProbeSpec | TcpProbe | null {
  if (value === undefined) return null;
  if (typeof value === "string")
    return { kind: "http", path: value, port: ports.find(({ protocol }) => isHttp(protocol))!.name };
  return value.path === undefined
    ? { kind: "tcp", port: value.port }
    : { kind: "http", path: value.path, port: value.port };
}

function texts(amounts: Record<string, string | number>): Record<string, string> {
  return Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name, String(amount)]));
}

function byKey([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : 1;
}
