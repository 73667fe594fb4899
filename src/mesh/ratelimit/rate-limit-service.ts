import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  RateLimitRequestSchema,
  RateLimitResponse_Code,
  RateLimitResponse_RateLimit_Unit,
  RateLimitResponseSchema,
} from "#gen/envoy/service/ratelimit/v3/rls_pb.ts";
import type {
  RateLimitRequest,
  RateLimitResponse_DescriptorStatusSchema,
} from "#gen/envoy/service/ratelimit/v3/rls_pb.ts";
import { Counter } from "prom-client";
import type { Registry } from "prom-client";
import type { ConfigMap } from "../../objects/core.ts";
import { unary } from "../xds/grpc-server.ts";
import type { GrpcMethod } from "../xds/grpc-server.ts";
import { GrpcError, grpcStatus } from "../xds/grpc-status.ts";
import { Counters } from "./counters.ts";
import type { Hit } from "./counters.ts";
import { LimitSet } from "./limit-set.ts";
import { findLimit } from "./limits.ts";
import type { Limit, LimitConfigError } from "./limits.ts";

export const shouldRateLimitMethod = "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit";

const units: Record<Limit["unit"], RateLimitResponse_RateLimit_Unit> = {
  second: RateLimitResponse_RateLimit_Unit.SECOND,
  minute: RateLimitResponse_RateLimit_Unit.MINUTE,
  hour: RateLimitResponse_RateLimit_Unit.HOUR,
  day: RateLimitResponse_RateLimit_Unit.DAY,
  week: RateLimitResponse_RateLimit_Unit.WEEK,
  month: RateLimitResponse_RateLimit_Unit.MONTH,
  year: RateLimitResponse_RateLimit_Unit.YEAR,
};

/** The rate-limit service of a cluster: `method` is to be served under `shouldRateLimitMethod`. */
export class RateLimitService {
  readonly #limits = new LimitSet();
  readonly #counters = new Counters();
  readonly #now: () => number;
  readonly #answers: Counter<"domain" | "code">;

  /** `now`: Unix ms. */
  constructor(options: { now: () => number; metrics: Registry }) {
    this.#now = options.now;
    this.#answers = new Counter({
      name: "quipu_ratelimit_answers_total",
      help: "Rate-limit decisions by domain.",
      labelNames: ["domain", "code"],
      registers: [options.metrics],
    });
  }

  readonly method: GrpcMethod = unary((bytes) => {
    let request: RateLimitRequest;
    try {
      request = fromBinary(RateLimitRequestSchema, bytes);
    } catch (error) {
      throw new GrpcError(
        grpcStatus.invalidArgument,
        `not a RateLimitRequest: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
    return toBinary(RateLimitResponseSchema, create(RateLimitResponseSchema, this.#decide(request)));
  });

  /** The error, if the ConfigMap can't be used; what it said before then stays in force. */
  putConfig(object: ConfigMap): LimitConfigError | undefined {
    return this.#limits.put(object);
  }

  removeConfig(namespace: string, name: string): void {
    this.#limits.remove(namespace, name);
  }

  /** What is configured and counted now, for people: at most 1,000 counters, the fullest first. */
  describe(): unknown {
    return {
      configs: this.#limits.list(),
      size: this.#counters.size,
      counters: this.#counters.list(this.#now(), 1000),
    };
  }

  #decide(request: RateLimitRequest): MessageInitShape<typeof RateLimitResponseSchema> {
    if (request.domain === "") throw new GrpcError(grpcStatus.invalidArgument, "the domain is empty");
    if (request.descriptors.length === 0) throw new GrpcError(grpcStatus.invalidArgument, "there is no descriptor");
    const trees = this.#limits.domain(request.domain);
    const now = this.#now();
    const results = request.descriptors.map((descriptor) => {
      const limit = findLimit(trees, descriptor.entries);
      if (!limit || limit.unlimited) return { limit, hit: undefined };
      const hits = Number(descriptor.hitsAddend ?? (request.hitsAddend || 1));
      return { limit, hit: this.#counters.hit(request.domain, descriptor.entries, limit, hits, now) };
    });
    const over = results.some(({ limit, hit }) => hit?.over && !limit?.shadow);
    if (trees.length > 0) this.#answers.inc({ domain: request.domain, code: over ? "over_limit" : "ok" });
    return {
      overallCode: over ? RateLimitResponse_Code.OVER_LIMIT : RateLimitResponse_Code.OK,
      statuses: results.map(({ limit, hit }) => statusOf(limit, hit)),
      responseHeadersToAdd: headersOf(results),
    };
  }
}

function statusOf(
  limit: Limit | undefined,
  hit: Hit | undefined,
): MessageInitShape<typeof RateLimitResponse_DescriptorStatusSchema> {
  if (!limit || !hit) return { code: RateLimitResponse_Code.OK, ...(limit && { limitRemaining: 0xffffffff }) };
  return {
    code: hit.over && !limit.shadow ? RateLimitResponse_Code.OVER_LIMIT : RateLimitResponse_Code.OK,
    currentLimit: { requestsPerUnit: limit.requests, unit: units[limit.unit] },
    limitRemaining: hit.remaining,
    durationUntilReset: { seconds: BigInt(Math.ceil(hit.resetMs / 1000)) },
  };
}

/** Of the limit that is nearest to its end, as draft-polli-ratelimit-headers-03 names them: requests, requests, seconds. */
function headersOf(
  results: readonly { limit: Limit | undefined; hit: Hit | undefined }[],
): { key: string; value: string }[] {
  const [nearest] = results
    .flatMap(({ limit, hit }) => (limit && hit ? [{ limit, hit }] : []))
    .sort((a, b) => a.hit.remaining - b.hit.remaining);
  if (!nearest) return [];
  return [
    { key: "X-RateLimit-Limit", value: String(nearest.limit.requests) },
    { key: "X-RateLimit-Remaining", value: String(nearest.hit.remaining) },
    { key: "X-RateLimit-Reset", value: String(Math.ceil(nearest.hit.resetMs / 1000)) },
  ];
}
