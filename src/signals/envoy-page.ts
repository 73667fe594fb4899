import { inboundAll, noGauges, unrouted, type Counters, type Gauges, type Page } from "./counters.ts";
import { parseText, type Sample } from "./prometheus-text.ts";

/**
 * What is asked of an Envoy, by the names that its statistics have inside: the rest of the page would be made, sent and
 * parsed for nothing (https://www.envoyproxy.io/docs/envoy/latest/operations/admin#get--stats-prometheus).
 */
const wanted = [
  "cluster\\.(?:out|in)bound\\|.*\\.(?:upstream_rq_(?:[1-5][0-9][0-9]|time|timeout|per_try_timeout|active|(?:active|pending)_overflow|retry)|upstream_cx_(?:total|active|connect_fail|rx_bytes_total|tx_bytes_total)|membership_(?:healthy|total))",
  "cluster\\.inbound\\|.*\\.ratelimit\\.over_limit",
  "http\\.inbound_[0-9]+\\.(?:downstream_rq_(?:[1-5]xx|time|active)|rbac\\.denied|jwt_authn\\.denied)",
  "http_local_rate_limiter\\.http_local_rate_limit\\.enforced",
  "http\\.(?:http_proxy|connect_tunnel|[0-9.]+_[0-9]+)\\.(?:downstream_rq_5xx|no_route)",
  "server\\.uptime",
];
/** Path and query of the page, below the proxy of the pod's port 15090. */
export const statsPath = `/stats/prometheus?usedonly&filter=${encodeURIComponent(`^(?:${wanted.join("|")})$`)}`;

/** Managers of a sidecar's outbound listeners: where the app beside it sends its calls. */
const outboundManager = /^(?:http_proxy|connect_tunnel|[0-9.]+_[0-9]+)$/;

const clusterCounters: Readonly<Record<string, string>> = {
  envoy_cluster_upstream_rq_timeout: "timeout",
  envoy_cluster_upstream_rq_per_try_timeout: "tryTimeout",
  envoy_cluster_upstream_rq_pending_overflow: "overflow",
  envoy_cluster_upstream_rq_active_overflow: "overflow",
  envoy_cluster_upstream_rq_retry: "retry",
  envoy_cluster_upstream_cx_connect_fail: "connectFail",
  envoy_cluster_upstream_cx_total: "connections",
  envoy_cluster_upstream_cx_rx_bytes_total: "received",
  envoy_cluster_upstream_cx_tx_bytes_total: "sent",
};
const clusterGauges: Readonly<Record<string, keyof Gauges>> = {
  envoy_cluster_upstream_rq_active: "active",
  envoy_cluster_upstream_cx_active: "connectionsActive",
  envoy_cluster_membership_healthy: "healthyHosts",
  envoy_cluster_membership_total: "hosts",
};

/**
 * The Prometheus page of an Envoy with the statistics that `src/cluster/sidecar/stats-config.ts` keeps. Answers to an
 * outbound cluster count its local ones too (timeout 504, overflow 503). What comes in is counted at the connection
 * manager, which also sees what never reached the app (429, 403); its cluster tells connections, for TCP.
 */
export function readPage(text: string): Page {
  const page: Page = { counters: new Map(), gauges: new Map() };
  /** Buckets are cumulative on the page; here each has its own count. */
  const buckets = new Map<string, { bound: number; count: number }>();
  for (const sample of parseText(text)) {
    const cluster = sample.labels.envoy_cluster_name;
    if (cluster !== undefined) readCluster(page, cluster, sample, buckets);
    else if (sample.name === "envoy_server_uptime") page.uptimeS = sample.value;
    else if (!readDenied(page, sample)) readManager(page, sample, buckets);
  }
  leaveOutZones(page);
  foldRetries(page);
  return page;
}

/** Envoy counts answers a second time by zone, as `NAME.zone.FROM.TO`, which is a name like any other on the page. */
function leaveOutZones(page: Page): void {
  for (const part of [page.counters, page.gauges]) {
    for (const name of part.keys()) {
      const whole = name.replace(/\.zone\.[^.]+\.[^.]+$/, "");
      if (whole !== name && part.has(whole)) part.delete(name);
    }
  }
}

/** What the first tries were answered stands on the page as a cluster `NAME.retry`: calls that the caller's app never heard of. */
function foldRetries({ counters }: Page): void {
  for (const [name, retried] of counters) {
    const whole = counters.get(name.replace(/\.retry$/, ""));
    if (!name.endsWith(".retry") || whole === undefined) continue;
    for (const key in retried) if (key.startsWith("code:")) whole[`retried:${key.slice(5)}`] = retried[key]!;
    counters.delete(name);
  }
}

/** What a callee's proxy answered for reasons of its own. Whether it was such a sample. */
function readDenied(page: Page, { name, labels, value }: Sample): boolean {
  const manager = /^inbound_(\d+)$/.exec(labels.envoy_http_conn_manager_prefix ?? "")?.[1];
  const limited = /^envoy_cluster_inbound_(\d+)___ratelimit_over_limit$/.exec(name)?.[1];
  if (name === "envoy_http_local_rate_limit_enforced") add(page, inboundAll, "denied", value);
  else if (limited !== undefined) add(page, `inbound|${limited}`, "denied", value);
  else if (manager !== undefined && (name === "envoy_http_rbac_denied" || name === "envoy_http_jwt_authn_denied"))
    add(page, `inbound|${manager}`, "denied", value);
  else return false;
  return true;
}

function readCluster(
  page: Page,
  cluster: string,
  sample: Sample,
  buckets: Map<string, { bound: number; count: number }>,
): void {
  const inbound = cluster.startsWith("inbound|");
  if (!inbound && !cluster.startsWith("outbound|")) return;
  const name = inbound ? cluster.split("|", 2).join("|") : cluster;
  const { name: metric, labels, value } = sample;
  const gauge = clusterGauges[metric];
  if (gauge !== undefined) {
    if (inbound && gauge === "active") return;
    gaugesOf(page, name)[gauge] += value;
  } else if (clusterCounters[metric] !== undefined) add(page, name, clusterCounters[metric], value);
  else if (inbound) return;
  else if (metric === "envoy_cluster_upstream_rq" && labels.envoy_response_code !== undefined)
    add(page, name, `code:${labels.envoy_response_code}`, value);
  else if (metric === "envoy_cluster_upstream_rq_time_bucket") addBucket(page, name, sample, buckets);
  else if (metric === "envoy_cluster_upstream_rq_time_sum") add(page, name, "time:sum", value);
}

function readManager(page: Page, sample: Sample, buckets: Map<string, { bound: number; count: number }>): void {
  const prefix = sample.labels.envoy_http_conn_manager_prefix ?? "";
  const port = /^inbound_(\d+)$/.exec(prefix)?.[1];
  if (port === undefined) {
    if (!outboundManager.test(prefix)) return;
    if (sample.name === "envoy_http_downstream_rq_xx" && sample.labels.envoy_response_code_class === "5")
      add(page, unrouted, "managed:5xx", sample.value);
    else if (sample.name === "envoy_http_no_route") add(page, unrouted, "noRoute", sample.value);
    return;
  }
  const name = `inbound|${port}`;
  const { name: metric, labels, value } = sample;
  if (metric === "envoy_http_downstream_rq_xx" && labels.envoy_response_code_class !== undefined)
    add(page, name, `code:${labels.envoy_response_code_class}xx`, value);
  else if (metric === "envoy_http_downstream_rq_time_bucket") addBucket(page, name, sample, buckets);
  else if (metric === "envoy_http_downstream_rq_time_sum") add(page, name, "time:sum", value);
  else if (metric === "envoy_http_downstream_rq_active") gaugesOf(page, name).active += value;
}

function addBucket(
  page: Page,
  name: string,
  { labels, value }: Sample,
  buckets: Map<string, { bound: number; count: number }>,
): void {
  const bound = labels.le === "+Inf" ? Infinity : Number(labels.le);
  const below = buckets.get(name) ?? { bound: 0, count: 0 };
  if (value > below.count) add(page, name, `le:${below.bound}:${bound}`, value - below.count);
  buckets.set(name, { bound, count: value });
}

function add(page: Page, name: string, key: string, value: number): void {
  const counters: Counters = page.counters.get(name) ?? {};
  counters[key] = (counters[key] ?? 0) + value;
  page.counters.set(name, counters);
}

function gaugesOf(page: Page, name: string): Gauges {
  const found = page.gauges.get(name) ?? { ...noGauges };
  page.gauges.set(name, found);
  return found;
}
