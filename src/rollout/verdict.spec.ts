import { expect, test } from "vitest";
import { judge, type AnalysisSpec, type Counts, type Look } from "./verdict.ts";

const spec: AnalysisSpec = { intervalMs: 10_000, minRequests: 50, failureLimit: 3, noTraffic: "pass" };
const names = { subject: " to r8", baseline: " to r7" };

function counts(requests: number, failed = 0, more: Partial<Counts> = {}): Counts {
  return { requests, failed, byProxy: 0, latency: [], ...more };
}
/** Looks one after another, each [subject, baseline, heard of 4]. */
function looks(...all: [subject: Counts, baseline?: Counts | null, heard?: number][]): Look[] {
  return all.map(([subject, baseline = null, heard = 4], index) => ({
    from: index * 10_000,
    to: (index + 1) * 10_000,
    subject,
    baseline,
    heard,
    total: 4,
  }));
}
const verdict = (all: Look[], part: Partial<AnalysisSpec> = {}, kind: "workload" | "traffic" = "workload") =>
  judge({ ...spec, ...part }, all, kind, kind === "workload" ? names : undefined);
const told = (...[all, part, kind]: Parameters<typeof verdict>) => {
  const { kind: is, reason } = verdict(all, part, kind);
  return `${is}: ${reason}`;
};

test("against the old revision", () => {
  expect(told(looks([counts(812, 37), counts(4100, 2)]))).toBe(
    "fail: 37 of 812 requests to r8 failed (4.6 %), 2 of 4,100 to r7 (0.049 %): worse by more than 1 point.",
  );
  expect(told(looks([counts(812, 9), counts(4100, 2)]))).toBe(
    "undecided: 9 of 812 requests to r8 failed (1.1 %), 2 of 4,100 to r7 (0.049 %): neither good nor bad for sure yet.",
  );
  expect(told(looks([counts(812, 5), counts(4100, 2)]))).toBe(
    "pass: 5 of 812 requests to r8 failed (0.62 %), 2 of 4,100 to r7 (0.049 %).",
  );
});

test("an outage of both is nobody's fault", () => {
  expect(told(looks([counts(200, 100), counts(3800, 1920)]))).toMatch(/^pass: 100 of 200/);
});

test("against a limit", () => {
  const share = (failed: number) => told(looks([counts(1000, failed)]), { successRate: 99.5 });
  expect(share(3)).toBe("pass: 3 of 1,000 requests to r8 failed (0.3 %).");
  expect(share(8)).toMatch(/^undecided/);
  expect(share(20)).toBe("fail: 20 of 1,000 requests to r8 failed (2 %): a success rate of 99.5 % is asked for.");
  expect(told(looks([counts(1000, 1)]), { successRate: 100 })).toMatch(/^fail/);
  expect(told(looks([counts(1000, 0)]), { successRate: 100 })).toMatch(/^pass/);
});

test("a change of traffic against before, with what proxies answered", () => {
  expect(told(looks([counts(400, 12, { byProxy: 12 }), counts(390, 1)]), { failureLimit: 0 }, "traffic")).toBe(
    "undecided: 12 of 400 requests failed (3 %, 12 of them answered by proxies), 1 of 390 before (0.26 %): neither good nor bad for sure yet.",
  );
  expect(told(looks([counts(400, 160, { byProxy: 160 }), counts(390, 1)]), {}, "traffic")).toBe(
    "fail: 160 of 400 requests failed (40 %, 160 of them answered by proxies), 1 of 390 before (0.26 %): worse by more than 1 point.",
  );
});

test("with nothing to compare with, or with too little", () => {
  expect(told(looks([counts(200, 30)]))).toBe(
    "fail: 30 of 200 requests to r8 failed (15 %): with nothing to compare with, more than 5 % is too much.",
  );
  expect(told(looks([counts(200, 4), counts(3, 0)]))).toMatch(/^pass: 4 of 200/);
});

test("few requests give no verdict, nor does noise", () => {
  expect(told(looks([counts(12), counts(300)]))).toBe("undecided: 12 requests to r8 so far: a verdict needs 50.");
  expect(told(looks([counts(9, 9), counts(300)]))).toMatch(/^undecided/);
  expect(told(looks([counts(10, 10), counts(300)]))).toMatch(/^fail: 10 of 10/);
  expect(told(looks([counts(25, 13), counts(300)]))).toMatch(/^fail: 13 of 25/);
  expect(told(looks([counts(51, 0), counts(900, 4)]))).toMatch(/^pass: 0 of 51/);
  expect(told(looks([counts(51, 1), counts(900, 4)]))).toMatch(/^undecided/);
});

test("no requests is no traffic only when everybody was heard", () => {
  expect(told(looks([counts(0), counts(300)], [counts(0), counts(310)]))).toBe(
    "no-traffic: No requests to r8 while all 4 proxies were heard, and 610 to r7.",
  );
  expect(told(looks([counts(0), counts(300)], [counts(0), counts(310), 3]))).toBe(
    "no-data: 3 of 4 proxies were heard in the newest look.",
  );
});

test("what wasn't heard doesn't pass; a clear failure fails all the same", () => {
  const good: [Counts, Counts] = [counts(100), counts(900)];
  expect(told(looks([...good, 0]))).toBe("no-data: 0 of 4 proxies were heard in the newest look.");
  expect(told(looks([...good, 3], [...good, 3], [...good]))).toBe(
    "no-data: All proxies were heard in only 33 % of the time.",
  );
  expect(told(looks([...good, 3], [...good]))).toBe(
    "pass: 0 of 100 requests to r8 failed (0 %), 0 of 900 to r7 (0 %).",
  );
  expect(told(looks([counts(100, 50), counts(900), 1]))).toMatch(/^fail/);
  expect(told(looks(good).map((look) => ({ ...look, heard: 0, total: 0 })))).toBe(
    "no-data: There is no proxy that could tell.",
  );
  const [first] = looks(good);
  const gap = [first!, { ...first!, from: 60_000, to: 70_000 }];
  expect(told(gap)).toBe("no-data: All proxies were heard in only 29 % of the time.");
});

test("before the first look there is no verdict", () => {
  expect(told([])).toBe("undecided: No look is complete yet.");
});

test.each<[string, Partial<Look>]>([
  ["A count is negative or no number.", { subject: counts(Number.NaN) }],
  ["A count is negative or no number.", { baseline: counts(-1) }],
  ["3 of 2 requests can't have failed.", { subject: counts(2, 3) }],
  ["Proxies can't have answered 2 of 1 failures.", { subject: counts(9, 1, { byProxy: 2 }) }],
  ["5 of 4 proxies can't have been heard.", { heard: 5 }],
  ["Looks overlap or have no duration.", { to: 0 }],
  [
    "Latency buckets aren't in order.",
    {
      subject: counts(2, 0, {
        latency: [
          { upTo: 9, count: 1 },
          { upTo: 5, count: 1 },
        ],
      }),
    },
  ],
])("no data: %s", (reason, part) => {
  expect(told(looks([counts(99), counts(99)]).map((look) => ({ ...look, ...part })))).toBe(`no-data: ${reason}`);
});

test("looks that fail by themselves, one after another: failureLimit of them are borne", () => {
  // Good for long enough that all together don't tell of what began lately.
  const long = Array.from({ length: 60 }, (): [Counts, Counts] => [counts(300, 1), counts(300, 1)]);
  const late = (count: number): [Counts, Counts][] =>
    Array.from({ length: count }, () => [counts(300, 15), counts(300, 1)]);
  expect(verdict(looks(...long, ...late(3)))).toMatchObject({ kind: "pass", figures: { failedLooks: 3 } });
  expect(told(looks(...long, ...late(4)))).toBe(
    "fail: 4 looks in a row failed; in the last one 15 of 300 requests to r8 failed (5 %), 1 of 300 to r7 (0.33 %): worse by more than 1 point.",
  );
  expect(verdict(looks(...long, ...late(1)), { failureLimit: 1 }).kind).toBe("pass");
  expect(verdict(looks(...long, ...late(2)), { failureLimit: 1 }).kind).toBe("fail");
  expect(verdict(looks(...long, [counts(300, 30), counts(300, 1)]), { failureLimit: 0 })).toMatchObject({
    kind: "fail",
    reason: expect.stringMatching(/^A look failed; in the last one 30 of 300/) as string,
  });
  const broken = looks(...long, ...late(2), [counts(300, 1), counts(300, 1)], ...late(2));
  expect(verdict(broken).kind).toBe("pass");
  const few = looks(...long, ...late(2), [counts(10, 0), counts(300, 1)], ...late(2));
  expect(verdict(few)).toMatchObject({ kind: "fail", figures: { failedLooks: 4 } });
});

test("percentiles: surely slower answers fail, estimated ones keep from passing", () => {
  const timed = (fast: number, between: number, slow: number) =>
    looks([
      counts(fast + between + slow, 0, {
        latency: [
          { upTo: 250, count: fast },
          { upTo: 500, count: between },
          { upTo: Infinity, count: slow },
        ],
      }),
      counts(500),
    ]);
  const p99 = (...args: [number, number, number]) => told(timed(...args), { p99Ms: 400 });
  expect(p99(990, 10, 0)).toMatch(/^pass/);
  expect(p99(960, 10, 30)).toBe("fail: p99 above 400ms: 30 of 1,000 answers took longer (3 %).");
  expect(p99(0, 1000, 0)).toBe(
    "undecided: p99 above 400ms: 400 of 1,000 answers took longer (40 %): neither good nor bad for sure yet.",
  );
  expect(told(timed(400, 0, 600), { p50Ms: 500 })).toMatch(/^fail: p50 above 500ms/);
  expect(told(looks([counts(100), counts(100)]), { p90Ms: 100 })).toMatch(/^undecided: p90 above 100ms: 0 of 0/);
  expect(verdict(timed(960, 10, 30), { p99Ms: 400 }).figures).toMatchObject({
    latency: [{ percentile: 99, limitMs: 400, surely: 30, slower: 34, timed: 1000 }],
    looks: 1,
    wholeLooks: 1,
    needed: 0,
  });
});
