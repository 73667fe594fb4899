/** Objects of ours that are as they were applied, and don't do what they are for, as their own status in the cluster says. */
export interface Unhealthy {
  count: number;
  /** Those that have been so for the longest; there may not be room for all. */
  objects: readonly UnhealthyObject[];
}

export interface UnhealthyObject {
  /** As people read it: `HorizontalPodAutoscaler money/checkout`. */
  object: string;
  /** Whose it is. Absent: no single app's. */
  app?: string;
  problem: string;
  /** Unix ms: since when this is so. */
  at: number;
}
