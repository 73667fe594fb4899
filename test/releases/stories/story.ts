import type { TestFleet } from "../../harness/fleet.ts";

/** What the stories share: a fleet of two clusters with `shop` and `front` at home in both (support/two-clusters.ts). */
export interface Story {
  fleet: TestFleet;
}
