import { Counter, Gauge, Histogram } from "prom-client";
import type { Registry } from "prom-client";

/** What the xDS server counts, in Prometheus' terms. Times in seconds. */
export class XdsMetrics {
  readonly streams: Gauge;
  readonly refused: Counter<"status">;
  readonly #pushes: Counter<"type">;
  readonly #bytes: Counter<"type">;
  readonly #answers: Counter<"type" | "answer">;
  readonly #sendDelay: Histogram;
  readonly #acknowledgeDelay: Histogram<"type">;

  constructor(registry: Registry) {
    const registers = [registry];
    const buckets = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15];
    this.streams = new Gauge({ name: "quipu_xds_streams", help: "Connected proxies.", registers });
    this.refused = new Counter({
      name: "quipu_xds_refused_streams_total",
      help: "Streams ended for want of an identity, by gRPC status.",
      labelNames: ["status"],
      registers,
    });
    this.#pushes = new Counter({
      name: "quipu_xds_pushes_total",
      help: "Discovery responses sent.",
      labelNames: ["type"],
      registers,
    });
    this.#bytes = new Counter({
      name: "quipu_xds_push_bytes_total",
      help: "Bytes of discovery responses sent, frames included.",
      labelNames: ["type"],
      registers,
    });
    this.#answers = new Counter({
      name: "quipu_xds_answers_total",
      help: "Answers of proxies to discovery responses.",
      labelNames: ["type", "answer"],
      registers,
    });
    this.#sendDelay = new Histogram({
      name: "quipu_xds_send_delay_seconds",
      help: "From a change until its response is handed to the transport.",
      buckets,
      registers,
    });
    this.#acknowledgeDelay = new Histogram({
      name: "quipu_xds_acknowledge_delay_seconds",
      help: "From sending a response until it is answered.",
      labelNames: ["type"],
      buckets,
      registers,
    });
  }

  /** `delayMs`: since the oldest change that it may carry; undefined when it answers a request. */
  pushed(type: string, bytes: number, delayMs: number | undefined): void {
    const label = { type: shortType(type) };
    this.#pushes.inc(label);
    this.#bytes.inc(label, bytes);
    if (delayMs !== undefined) this.#sendDelay.observe(delayMs / 1000);
  }

  answered(type: string, answer: "acknowledged" | "rejected", delayMs: number): void {
    this.#answers.inc({ type: shortType(type), answer });
    this.#acknowledgeDelay.observe({ type: shortType(type) }, delayMs / 1000);
  }
}

/** `Cluster` of `type.googleapis.com/envoy.config.cluster.v3.Cluster`. */
export function shortType(typeUrl: string): string {
  return typeUrl.slice(typeUrl.lastIndexOf(".") + 1);
}
