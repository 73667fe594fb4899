import { bucketsOf } from "./golden.ts";
import type { Counters } from "./counters.ts";
import { destinationOf } from "./destination.ts";
import type { WatchedProxy } from "./proxy.ts";

type Labels = Record<string, string>;

/**
 * Istio's standard metrics (https://istio.io/latest/docs/reference/config/metrics/) from what Envoys count by themselves,
 * so that dashboards carry over. Reporter `destination` knows no source here and only classes of codes (`2xx`): plain
 * Envoy doesn't count by peer. Each series has the label `pod` of its proxy: its counters begin anew with it.
 */
export function istioMetrics(proxies: readonly WatchedProxy[]): string {
  const requests: string[] = [];
  const durations: string[] = [];
  for (const { target, history } of proxies) {
    for (const [name, counters] of history.totals) {
      const destination = destinationOf(name);
      if (destination === undefined && (!name.startsWith("inbound|") || target.gateway)) continue;
      const common: Labels =
        destination === undefined
          ? {
              reporter: "destination",
              source_app: "unknown",
              destination_app: target.app,
              destination_service_namespace: target.namespace,
              destination_version: target.revision ?? "unknown",
            }
          : {
              reporter: "source",
              source_app: target.app,
              source_workload_namespace: target.namespace,
              source_version: target.revision ?? "unknown",
              destination_app: destination.app,
              destination_service_namespace: destination.segment ?? "unknown",
              destination_version: destination.revision ?? "unknown",
            };
      const labels = { ...common, cluster: target.cluster, pod: target.pod };
      for (const { code, flags, count } of answers(counters))
        requests.push(line("istio_requests_total", { ...labels, response_code: code, response_flags: flags }, count));
      durations.push(...histogram("istio_request_duration_milliseconds", labels, counters));
    }
  }
  return [
    "# HELP istio_requests_total Requests, by their answers.",
    "# TYPE istio_requests_total counter",
    ...requests,
    "# HELP istio_request_duration_milliseconds Duration of requests.",
    "# TYPE istio_request_duration_milliseconds histogram",
    ...durations,
    "",
  ].join("\n");
}

/** Answers by status and by Envoy's flag: UT, the caller stopped waiting; UO, its pool was full. */
export function answers(counters: Counters): { code: string; flags: string; count: number }[] {
  return Object.keys(counters)
    .filter((key) => key.startsWith("code:"))
    .sort()
    .flatMap((key) => {
      const code = key.slice("code:".length);
      const all = counters[key]!;
      const flags = code === "504" ? "UT" : code === "503" ? "UO" : "-";
      const flagged = Math.min(
        all,
        code === "504" ? (counters.timeout ?? 0) : code === "503" ? (counters.overflow ?? 0) : 0,
      );
      return [
        { code, flags: "-", count: all - flagged },
        { code, flags, count: flagged },
      ].filter(({ count }) => count > 0);
    });
}

function histogram(name: string, labels: Labels, counters: Counters): string[] {
  let below = 0;
  const lines = bucketsOf(counters).flatMap(({ upTo, count }) => {
    below += count;
    return upTo === Infinity ? [] : [line(`${name}_bucket`, { ...labels, le: String(upTo) }, below)];
  });
  return below === 0
    ? []
    : [
        ...lines,
        line(`${name}_bucket`, { ...labels, le: "+Inf" }, below),
        line(`${name}_sum`, labels, counters["time:sum"] ?? 0),
        line(`${name}_count`, labels, below),
      ];
}

function line(name: string, labels: Labels, value: number): string {
  return `${name}{${Object.entries(labels)
    .map(
      ([key, text]) => `${key}="${text.replaceAll(/[\\"\n]/g, (letter) => (letter === "\n" ? "\\n" : `\\${letter}`))}"`,
    )
    .join(",")}} ${value}`;
}
