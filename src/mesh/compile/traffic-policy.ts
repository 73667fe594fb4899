import { create } from "@bufbuild/protobuf";
import { CircuitBreakersSchema } from "#gen/envoy/config/cluster/v3/circuit_breaker_pb.ts";
import {
  Cluster_DiscoveryType,
  Cluster_LbPolicy,
  type ClusterSchema,
} from "#gen/envoy/config/cluster/v3/cluster_pb.ts";
import { OutlierDetectionSchema } from "#gen/envoy/config/cluster/v3/outlier_detection_pb.ts";
import type {
  ConnectionPoolSettings,
  LoadBalancerSettings,
  OutlierDetection,
  TrafficPolicy,
} from "../../objects/istio.ts";
import { duration } from "./duration.ts";
import type { Init } from "./encode.ts";

type ClusterInit = Init<typeof ClusterSchema>;

/** Istio sets every threshold that nobody set to the maximum: Envoy's own 1,024 would be a surprise. */
const unlimited = 0xffff_ffff;

export function circuitBreakers(pool: ConnectionPoolSettings | undefined, retryBudget?: TrafficPolicy["retryBudget"]) {
  const { tcp, http } = pool ?? {};
  return create(CircuitBreakersSchema, {
    thresholds: [
      {
        maxConnections: tcp?.maxConnections || unlimited,
        maxPendingRequests: http?.http1MaxPendingRequests || unlimited,
        maxRequests: http?.http2MaxRequests || unlimited,
        maxRetries: http?.maxRetries || unlimited,
        trackRemaining: true,
        ...(retryBudget === undefined
          ? {}
          : {
              retryBudget: {
                budgetPercent: { value: retryBudget.percent ?? 20 },
                minRetryConcurrency: retryBudget.minRetryConcurrency ?? 3,
              },
            }),
      },
    ],
  });
}

export function connectTimeout(pool: ConnectionPoolSettings | undefined) {
  return duration(pool?.tcp?.connectTimeout ?? "10s");
}

/**
 * As in Istio: off unless set; success-rate ejection never; with outlier detection there is no panic mode unless
 * `minHealthPercent` says so.
 */
export function outlierDetection(
  settings: OutlierDetection | undefined,
): Pick<ClusterInit, "outlierDetection" | "commonLbConfig"> {
  if (settings === undefined) return {};
  const {
    consecutive5xxErrors,
    consecutiveGatewayErrors,
    consecutiveLocalOriginFailures,
    splitExternalLocalOriginErrors,
  } = settings;
  return {
    outlierDetection: create(OutlierDetectionSchema, {
      ...(consecutive5xxErrors === undefined
        ? {}
        : { consecutive5xx: consecutive5xxErrors, enforcingConsecutive5xx: consecutive5xxErrors > 0 ? 100 : 0 }),
      ...(consecutiveGatewayErrors === undefined
        ? {}
        : {
            consecutiveGatewayFailure: consecutiveGatewayErrors,
            enforcingConsecutiveGatewayFailure: consecutiveGatewayErrors > 0 ? 100 : 0,
          }),
      ...(splitExternalLocalOriginErrors === true
        ? {
            splitExternalLocalOriginErrors: true,
            ...(consecutiveLocalOriginFailures === undefined
              ? {}
              : {
                  consecutiveLocalOriginFailure: consecutiveLocalOriginFailures,
                  enforcingConsecutiveLocalOriginFailure: consecutiveLocalOriginFailures > 0 ? 100 : 0,
                }),
            enforcingLocalOriginSuccessRate: 0,
          }
        : {}),
      enforcingSuccessRate: 0,
      ...(settings.interval === undefined ? {} : { interval: duration(settings.interval) }),
      ...(settings.baseEjectionTime === undefined ? {} : { baseEjectionTime: duration(settings.baseEjectionTime) }),
      ...((settings.maxEjectionPercent ?? 0) > 0 ? { maxEjectionPercent: settings.maxEjectionPercent! } : {}),
    }),
    commonLbConfig: { healthyPanicThreshold: { value: settings.minHealthPercent ?? 0 } },
  };
}

/** LEAST_REQUEST unless set. A consistent hash needs a `hash_policy` on routes too: see `hash-policy.ts`. */
export function loadBalancing(
  settings: LoadBalancerSettings | undefined,
): Pick<ClusterInit, "lbPolicy" | "lbConfig" | "clusterDiscoveryType"> {
  const hash = settings?.consistentHash;
  if (hash !== undefined) {
    if (hash.maglev !== undefined) {
      const size = hash.maglev.tableSize;
      return {
        lbPolicy: Cluster_LbPolicy.MAGLEV,
        lbConfig: { case: "maglevLbConfig", value: size === undefined ? {} : { tableSize: BigInt(size) } },
      };
    }
    return {
      lbPolicy: Cluster_LbPolicy.RING_HASH,
      lbConfig: {
        case: "ringHashLbConfig",
        value: { minimumRingSize: BigInt(hash.ringHash?.minimumRingSize ?? 1024) },
      },
    };
  }
  const slowStart = slowStartConfig(settings);
  switch (settings?.simple) {
    case "RANDOM":
      return { lbPolicy: Cluster_LbPolicy.RANDOM };
    case "ROUND_ROBIN":
      return {
        lbPolicy: Cluster_LbPolicy.ROUND_ROBIN,
        ...(slowStart === undefined
          ? {}
          : { lbConfig: { case: "roundRobinLbConfig", value: { slowStartConfig: slowStart } } }),
      };
    case "PASSTHROUGH":
      return {
        lbPolicy: Cluster_LbPolicy.CLUSTER_PROVIDED,
        clusterDiscoveryType: { case: "type", value: Cluster_DiscoveryType.ORIGINAL_DST },
      };
    default:
      return {
        lbPolicy: Cluster_LbPolicy.LEAST_REQUEST,
        ...(slowStart === undefined
          ? {}
          : { lbConfig: { case: "leastRequestLbConfig", value: { slowStartConfig: slowStart } } }),
      };
  }
}

function slowStartConfig(settings: LoadBalancerSettings | undefined) {
  const window = settings?.warmup?.duration ?? settings?.warmupDurationSecs;
  if (window === undefined || window === "0s") return undefined;
  return {
    slowStartWindow: duration(window),
    ...(settings?.warmup?.aggression === undefined
      ? {}
      : { aggression: { defaultValue: settings.warmup.aggression, runtimeKey: "slow_start.aggression" } }),
    minWeightPercent: { value: settings?.warmup?.minimumPercent ?? 10 },
  };
}
