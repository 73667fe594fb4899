// npm run sim -- --releases N --seed S: histories from seed S on, until N releases have ended; the first that breaks an
// invariant is made as short as possible and printed. The same seed gives the same run.
import { parseArgs } from "node:util";
import { historyOf } from "./history.ts";
import { describeFailure, Totals } from "./report.ts";
import { shrink } from "./shrink.ts";
import { simulate } from "./simulation.ts";

const { values } = parseArgs({
  options: { releases: { type: "string", default: "1000" }, seed: { type: "string", default: "1" } },
});
const [wanted, first] = [Number(values.releases), Number(values.seed)];
if (!(wanted > 0) || !Number.isInteger(first)) {
  console.error("usage: npm run sim -- --releases N --seed S");
  process.exit(2);
}
const totals = new Totals();
for (let seed = first; totals.releases < wanted; seed++) {
  const history = historyOf(seed);
  const outcome = await simulate(history);
  totals.add(outcome);
  if (outcome.violation !== undefined) {
    const least = await shrink(history);
    console.log(describeFailure(seed, least.history, least.outcome));
    console.log(`again: npm run sim -- --releases 1 --seed ${seed}`);
    process.exitCode = 1;
    break;
  }
}
console.log(String(totals));
