import { historyOf } from "./history.ts";
import { simulate } from "./simulation.ts";
const from = Number(process.argv[2] ?? 1),
  n = Number(process.argv[3] ?? 20);
const t0 = performance.now();
let rel = 0,
  steps = 0;
const outs: Record<string, number> = {};
const viol: Record<string, string[]> = {};
for (let s = from; s < from + n; s++) {
  const o = await simulate(historyOf(s, 14));
  rel += o.releases;
  steps += o.steps;
  for (const [k, v] of Object.entries(o.outcomes)) outs[k] = (outs[k] ?? 0) + v;
  if (o.violation) (viol[o.violation.invariant] ??= []).push(s + ": " + o.violation.message.slice(0, 400));
}
console.log(
  rel,
  "releases",
  steps,
  "steps",
  Math.round(performance.now() - t0),
  "ms",
  Math.round(process.cpuUsage().user / 1000),
  "cpu ms",
  outs,
);
for (const [k, v] of Object.entries(viol)) console.log(k, v.length, v.slice(0, 3).join("\n   "));
