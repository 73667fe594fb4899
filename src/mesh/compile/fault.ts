import type { Any } from "@bufbuild/protobuf/wkt";
import { HTTPFaultSchema } from "#gen/envoy/extensions/filters/http/fault/v3/fault_pb.ts";
import { FractionalPercent_DenominatorType } from "#gen/envoy/type/v3/percent_pb.ts";
import type { HTTPFaultInjection } from "../../objects/istio.ts";
import { duration } from "./duration.ts";
import { any } from "./encode.ts";

export const faultFilter = "envoy.filters.http.fault";

const grpcCodes = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
];

/** The fault filter's settings for one route. Without a percentage, no request (Istio reference, HTTPFaultInjection). */
export function fault({ delay, abort }: HTTPFaultInjection): Any {
  return any(HTTPFaultSchema, {
    ...(delay === undefined
      ? {}
      : {
          delay: {
            faultDelaySecifier: { case: "fixedDelay", value: duration(delay.fixedDelay) },
            ...(delay.percentage && { percentage: fraction(delay.percentage) }),
          },
        }),
    ...(abort === undefined
      ? {}
      : {
          abort: {
            errorType:
              abort.grpcStatus === undefined
                ? { case: "httpStatus", value: abort.httpStatus ?? 500 }
                : { case: "grpcStatus", value: grpcCode(abort.grpcStatus) },
            ...(abort.percentage && { percentage: fraction(abort.percentage) }),
          },
        }),
  });
}

export function fraction({ value }: { value: number }) {
  return {
    numerator: Math.round(value * 10_000),
    denominator: FractionalPercent_DenominatorType.MILLION,
  };
}

function grpcCode(text: string): number {
  const code = /^\d+$/.test(text) ? Number(text) : grpcCodes.indexOf(text);
  if (code < 0 || code >= grpcCodes.length) throw new Error(`"${text}" is not a gRPC status`);
  return code;
}
