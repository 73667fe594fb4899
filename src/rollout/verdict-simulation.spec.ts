import { expect, test } from "vitest";
import { judge, type AnalysisSpec, type Counts, type Look } from "./verdict.ts";

/** How often judging by looks is wrong, and how soon it is right: canaries drawn by lot, the same every time. */
const spec: AnalysisSpec = { intervalMs: 10_000, minRequests: 50, failureLimit: 3, noTraffic: "pass" };
const weights = [0.05, 0.25, 0.5, 0.75];
const looksPerStep = 6;

/** Mulberry32. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

function draw(random: () => number, requests: number, errors: number): Counts {
  let failed = 0;
  for (let index = 0; index < requests; index++) if (random() < errors) failed++;
  return { requests, failed, byProxy: 0, latency: [] };
}

/** Requests of one look, as they come by chance. */
function arriving(random: () => number, mean: number): number {
  const some = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Math.max(0, Math.round(mean + Math.sqrt(mean) * some));
}

function look(random: () => number, index: number, rate: number, weight: number, errors: [number, number]): Look {
  const mean = (rate * spec.intervalMs) / 1000;
  return {
    from: index * spec.intervalMs,
    to: (index + 1) * spec.intervalMs,
    subject: draw(random, arriving(random, mean * weight), errors[0]),
    baseline: draw(random, arriving(random, mean * (1 - weight)), errors[1]),
    heard: 3,
    total: 3,
  };
}

/** A whole canary, judged at every look: whether it failed, and how many of its steps had passed at their end. */
function canary(random: () => number, rate: number, errors: [number, number], part: Partial<AnalysisSpec>) {
  let passed = 0;
  for (const weight of weights) {
    const looks: Look[] = [];
    for (let index = 0; index < looksPerStep; index++) {
      looks.push(look(random, index, rate, weight, errors));
      const { kind } = judge({ ...spec, ...part }, looks, "workload");
      if (kind === "fail") return { failed: true, passed };
      if (kind === "pass" && index === looksPerStep - 1) passed++;
    }
  }
  return { failed: false, passed };
}

test.each<[number, number, Partial<AnalysisSpec>, number]>([
  [1, 500, {}, 0.005],
  [10, 500, {}, 0.005],
  [50, 500, {}, 0.005],
  [50, 500, { failureLimit: 0 }, 0.005],
  [50, 500, { failureLimit: 1, minRequests: 10 }, 0.005],
  [200, 250, { failureLimit: 0 }, 0.005],
  // Worst of all: the true share is the very limit. A canary has 24 looks, any of which may be wrong.
  [50, 1000, { successRate: 99.5 }, 0.01],
])(
  "equal revisions with 0.5 %% errors, %i requests/s, %i canaries, %o: fewer false alarms than %d",
  (rate, many, part, most) => {
    const random = seeded(rate * 7 + many);
    const results = Array.from({ length: many }, () => canary(random, rate, [0.005, 0.005], part));
    const alarms = results.filter(({ failed }) => failed).length;
    console.log(`${rate} requests/s: ${alarms} of ${many} canaries failed by mistake`);
    expect(alarms / many).toBeLessThan(most);
  },
);

test("equal revisions pass by the end of their holds, as a rule", () => {
  const random = seeded(11);
  const results = Array.from({ length: 200 }, () => canary(random, 50, [0.005, 0.005], {}));
  const steps = results.reduce((sum, { passed }) => sum + passed, 0);
  console.log(`${steps} of ${results.length * weights.length} steps passed within their hold`);
  expect(steps / (results.length * weights.length)).toBeGreaterThan(0.9);
});

/** The look at which a bad revision was failed, for many of them, in their order. */
function looksUntilFailed(errors: number, rate: number, weight: number, many: number): number[] {
  const random = seeded(errors * 1000 + rate);
  return Array.from({ length: many }, () => {
    const looks: Look[] = [];
    for (let index = 0; index < 60; index++) {
      looks.push(look(random, index, rate, weight, [errors, 0.005]));
      if (judge(spec, looks, "workload").kind === "fail") return index + 1;
    }
    return Infinity;
  }).sort((a, b) => a - b);
}

test.each([
  [0.1, 50, 4, 12],
  [0.5, 50, 1, 2],
  [1, 10, 2, 5],
])(
  "errors of %d at %i requests/s, 5 in 100 to the new revision: half failed within %i looks, 99 of 100 within %i",
  (errors, rate, half, most) => {
    const after = looksUntilFailed(errors, rate, 0.05, 200);
    console.log(`${errors * 100} % errors: failed after ${after[100]} looks (median), ${after[197]} (99th percentile)`);
    expect(after[100]).toBeLessThanOrEqual(half);
    expect(after[197]).toBeLessThanOrEqual(most);
  },
);

test("a bad revision doesn't pass meanwhile", () => {
  const random = seeded(5);
  let passed = 0;
  for (let run = 0; run < 300; run++) {
    const looks: Look[] = [];
    for (let index = 0; index < looksPerStep; index++) looks.push(look(random, index, 50, 0.05, [0.1, 0.005]));
    if (judge(spec, looks, "workload").kind === "pass") passed++;
  }
  expect(passed).toBe(0);
});
