/** One figure of a benchmark. Machines are shared and noisy: compare ratios of one run, not absolute figures of two. */
export interface Row {
  measure: string;
  value: number;
  unit: string;
  note?: string;
}

/** Runs to its end by itself, bounded in time; `say` tells how far it is. */
export type Benchmark = (say: (text: string) => void) => Promise<Row[]>;

/** The value below which `share` of the samples lie (0.5: median). Nearest rank. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? Number.NaN;
}
