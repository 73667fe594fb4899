import type { Duration } from "@bufbuild/protobuf/wkt";
import {
  FractionalPercent_DenominatorType as Denominator,
  type FractionalPercent,
} from "#gen/envoy/type/v3/percent_pb.ts";

export function toMs(duration: Duration | undefined): number | undefined {
  return duration === undefined ? undefined : Number(duration.seconds) * 1000 + duration.nanos / 1_000_000;
}

/** `500 ms`, `15 s`. */
export function msWords(ms: number): string {
  return ms >= 1000 && ms % 100 === 0 ? `${ms / 1000} s` : `${Math.round(ms)} ms`;
}

/** Of 1. */
export function share(percent: FractionalPercent | undefined): number {
  if (percent === undefined) return 0;
  const whole =
    percent.denominator === Denominator.HUNDRED
      ? 100
      : percent.denominator === Denominator.TEN_THOUSAND
        ? 10_000
        : 1_000_000;
  return percent.numerator / whole;
}
