import { inject } from "vitest";
import type { SharedCluster } from "./shared-testbed.ts";

/** The cluster of whoever asks; nobody else uses it meanwhile. */
export function sharedCluster(): SharedCluster {
  return inject("shared")[Number(process.env["VITEST_POOL_ID"]) - 1]!;
}
