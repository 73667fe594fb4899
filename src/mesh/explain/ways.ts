/** Decides where the configuration leaves it open: the index of one of the weights. */
export type Choose = (weights: readonly number[]) => number;

export interface Way<T> {
  readonly chance: number;
  readonly result: T;
}

/**
 * Runs `run` once for every combination of its choices, depth first. Choices that aren't any (one weight, or weight 0)
 * make no further ways. `complete` is false when there were more ways than `limit`.
 */
export function everyWay<T>(run: (choose: Choose) => T, limit: number): { ways: Way<T>[]; complete: boolean } {
  const ways: Way<T>[] = [];
  /** The choices of the way to walk next: which index of which weights. */
  let path: { at: number; weights: readonly number[] }[] = [];
  for (;;) {
    let depth = 0;
    let chance = 1;
    const result = run((weights) => {
      path[depth] ??= { at: next(weights, -1) ?? 0, weights };
      const { at } = path[depth++]!;
      chance *= (weights[at] ?? 1) / (weights.reduce((sum, weight) => sum + weight, 0) || 1);
      return at;
    });
    ways.push({ chance, result });
    path = path.slice(0, depth);
    while (path.length > 0) {
      const last = path.at(-1)!;
      const at = next(last.weights, last.at);
      if (at !== undefined) {
        path[path.length - 1] = { ...last, at };
        break;
      }
      path.pop();
    }
    if (path.length === 0) return { ways, complete: true };
    if (ways.length >= limit) return { ways, complete: false };
  }
}

function next(weights: readonly number[], after: number): number | undefined {
  const at = weights.findIndex((weight, index) => index > after && weight > 0);
  return at < 0 ? undefined : at;
}
