import { expect, test } from "vitest";
import type { Counters } from "./counters.ts";
import { answers, istioMetrics } from "./istio-metrics.ts";
import { parseText } from "./prometheus-text.ts";
import { ProxyHistory } from "./proxy-history.ts";

test("answers are told apart by what the proxy did itself", () => {
  expect(answers({ "code:200": 5, "code:503": 4, "code:504": 1, overflow: 3, timeout: 7 })).toEqual([
    { code: "200", flags: "-", count: 5 },
    { code: "503", flags: "-", count: 1 },
    { code: "503", flags: "UO", count: 3 },
    { code: "504", flags: "UT", count: 1 },
  ]);
});

test("Istio's names, in a page that can be read again", () => {
  const history = new ProxyHistory(1000);
  history.add(0, {
    counters: new Map<string, Counters>([
      ["outbound|80|r3|catalog.food.svc.cluster.local", { "code:200": 5, "le:0:5": 2, "le:5:10": 3, "time:sum": 31 }],
      ["inbound|8080", { "code:2xx": 7 }],
    ]),
    gauges: new Map(),
  });
  const samples = [
    ...parseText(
      istioMetrics([
        {
          target: {
            cluster: "bogota",
            namespace: "shop",
            pod: "search-1",
            app: "search",
            revision: "r2",
            gateway: false,
          },
          history,
        },
      ]),
    ),
  ];
  const common = {
    source_app: "search",
    source_workload_namespace: "shop",
    source_version: "r2",
    destination_app: "catalog",
    destination_service_namespace: "food",
    destination_version: "r3",
    cluster: "bogota",
    pod: "search-1",
    reporter: "source",
  };
  expect(samples).toEqual([
    { name: "istio_requests_total", labels: { ...common, response_code: "200", response_flags: "-" }, value: 5 },
    {
      name: "istio_requests_total",
      labels: {
        reporter: "destination",
        source_app: "unknown",
        destination_app: "search",
        destination_service_namespace: "shop",
        destination_version: "r2",
        cluster: "bogota",
        pod: "search-1",
        response_code: "2xx",
        response_flags: "-",
      },
      value: 7,
    },
    { name: "istio_request_duration_milliseconds_bucket", labels: { ...common, le: "5" }, value: 2 },
    { name: "istio_request_duration_milliseconds_bucket", labels: { ...common, le: "10" }, value: 5 },
    { name: "istio_request_duration_milliseconds_bucket", labels: { ...common, le: "+Inf" }, value: 5 },
    { name: "istio_request_duration_milliseconds_sum", labels: common, value: 31 },
    { name: "istio_request_duration_milliseconds_count", labels: common, value: 5 },
  ]);
});
