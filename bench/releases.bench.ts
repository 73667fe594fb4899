import type { Benchmark } from "./benchmark.ts";
import { crowd } from "./releases/crowd.ts";
import { small } from "./releases/small.ts";
import { withFleet } from "./releases/trial-fleet.ts";

/** Releases: how fast each step is on a small fleet with real Envoys, and what 300 canaries at once cost. */
export const run: Benchmark = async (say) => [...(await withFleet(small(say))), ...(await withFleet(crowd(say)))];
