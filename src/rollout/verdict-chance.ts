/**
 * Chances of the binomial distribution, for counts that needn't be whole (figures read between two looks count by their
 * share). P(X ≥ k) of n trials with probability p is the regularized incomplete beta function I_p(k, n − k + 1)
 * (NIST Digital Library of Mathematical Functions, 8.17.5; its continued fraction is 8.17.22).
 */

/** The chance of at least `k` of `n`, each with probability `p`. */
export function chanceOfAtLeast(k: number, n: number, p: number): number {
  if (k <= 0) return 1;
  if (k > n || p <= 0) return 0;
  return p >= 1 ? 1 : beta(p, k, n - k + 1);
}

/** The chance of at most `k` of `n`. */
export function chanceOfAtMost(k: number, n: number, p: number): number {
  if (k >= n || p <= 0) return 1;
  return p >= 1 ? 0 : 1 - beta(p, k + 1, n - k);
}

/** Upper end of the one-sided interval that holds the true share with the confidence (Clopper and Pearson): by bisection. Without trials: 1. */
export function upperShare(k: number, n: number, confidence: number): number {
  if (n <= 0 || k >= n) return 1;
  let low = k / n;
  let high = 1;
  for (let round = 0; round < 40; round++) {
    const middle = (low + high) / 2;
    if (chanceOfAtMost(k, n, middle) > 1 - confidence) low = middle;
    else high = middle;
  }
  return high;
}

function beta(x: number, a: number, b: number): number {
  // The fraction converges fast on the near side of the mean only.
  if (x > (a + 1) / (a + b + 2)) return 1 - beta(1 - x, b, a);
  const front = Math.exp(a * Math.log(x) + b * Math.log1p(-x) - logBeta(a, b)) / a;
  const tiny = 1e-300;
  let c = 1;
  let d = 1 / nonZero(1 - ((a + b) * x) / (a + 1), tiny);
  let fraction = d;
  for (let m = 1; m <= 300; m++) {
    for (const term of [
      (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m)),
      (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1)),
    ]) {
      d = 1 / nonZero(1 + term * d, tiny);
      c = nonZero(1 + term / c, tiny);
      fraction *= c * d;
    }
    if (Math.abs(c * d - 1) < 1e-12) break;
  }
  return Math.min(1, Math.max(0, front * fraction));
}

function nonZero(value: number, tiny: number): number {
  return Math.abs(value) < tiny ? tiny : value;
}

function logBeta(a: number, b: number): number {
  return logGamma(a) + logGamma(b) - logGamma(a + b);
}

/** Stirling's series (DLMF 5.11.1), after the argument was raised to 10 or more by Γ(z + 1) = z Γ(z). */
function logGamma(z: number): number {
  let shift = 0;
  let at = z;
  for (; at < 10; at++) shift += Math.log(at);
  const square = at * at;
  const series = (1 / 12 - (1 / 360 - (1 / 1260 - 1 / (1680 * square)) / square) / square) / at;
  return (at - 0.5) * Math.log(at) - at + 0.5 * Math.log(2 * Math.PI) + series - shift;
}
