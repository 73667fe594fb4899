import { EmbeddedSource } from "../../../src/signals/embedded-source.ts";
import type { ProxyTarget } from "../../../src/signals/proxy.ts";

export interface PretendedCall {
  from: string;
  to: string;
  segment: string;
  /** Per second and proxy. */
  rate: number;
  /** Share with 500, and share that times out. */
  failing?: number;
  timingOut?: number;
  ms?: number;
}
export interface PretendedApp {
  app: string;
  segment: string;
  gateway?: boolean;
}

const bounds = [0.5, 1, 2, 3, 5, 7.5, 10, 15, 25, 50, 75, 100, 150, 250, 500, 750, 1000];

/**
 * The real source of signals over Envoy pages that are made up: one proxy of each app in each cluster, whose counters
 * have grown steadily since `since`. The clock runs `speed` times as fast, so that a test needn't wait for minutes.
 */
export function pretendTraffic(
  apps: readonly PretendedApp[],
  calls: readonly PretendedCall[],
  clusters: readonly string[],
  { now = Date.now }: { now?: () => number } = {},
): EmbeddedSource {
  const since = now();
  const targets = clusters.flatMap((cluster) =>
    apps.map(({ app, segment, gateway = false }): ProxyTarget => ({
      cluster,
      namespace: segment,
      pod: `${app}-r1-${cluster}`,
      app,
      revision: gateway ? null : "r1",
      gateway,
    })),
  );
  return new EmbeddedSource({
    targets: async () => targets,
    now,
    scrape: async ({ app }) => pageOf(app, calls, (now() - since) / 1000),
  });
}

/** What the Envoy of an app would tell after so many seconds. */
export function pageOf(app: string, calls: readonly PretendedCall[], seconds: number): string {
  const lines: string[] = [];
  for (const call of calls) {
    const { from, to, segment, rate, failing = 0, timingOut = 0, ms = 8 } = call;
    const wave = 1 + 0.25 * Math.sin(seconds / 47) + 0.08 * Math.sin(seconds / 7);
    const all = rate * (seconds + (1 - wave) * 4);
    if (from === app) {
      const labels = `envoy_cluster_name="outbound|80|r1|${to}.${segment}.svc.cluster.local"`;
      const answers: [string, number][] = [
        ["200", all * (1 - failing - timingOut)],
        ["500", all * failing],
        ["504", all * timingOut],
      ];
      for (const [code, count] of answers)
        if (count > 0)
          lines.push(`envoy_cluster_upstream_rq{envoy_response_code="${code}",${labels}} ${Math.round(count)}`);
      lines.push(
        `envoy_cluster_upstream_rq_timeout{${labels}} ${Math.round(all * timingOut)}`,
        `envoy_cluster_upstream_cx_active{${labels}} 4`,
        `envoy_cluster_upstream_rq_active{${labels}} ${Math.round(rate / 10)}`,
        ...histogram("envoy_cluster_upstream_rq_time", labels, all * (1 - timingOut), ms),
      );
    }
    if (to === app) {
      const labels = 'envoy_http_conn_manager_prefix="inbound_8080"';
      lines.push(
        `envoy_http_downstream_rq_xx{envoy_response_code_class="2",${labels}} ${Math.round(all * (1 - failing))}`,
        ...histogram("envoy_http_downstream_rq_time", labels, all, ms),
      );
    }
  }
  return lines.join("\n");
}

function histogram(name: string, labels: string, count: number, ms: number): string[] {
  return [
    ...bounds.map(
      (le) => `${name}_bucket{${labels},le="${le}"} ${Math.round(count * (1 - Math.exp(-((le / ms) ** 1.6))))}`,
    ),
    `${name}_bucket{${labels},le="+Inf"} ${Math.round(count)}`,
    `${name}_sum{${labels}} ${count * ms}`,
  ];
}
