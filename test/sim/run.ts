// npm run sim -- --releases N --seed S [--workers W]: histories from seed S on, until N releases have ended, in W threads
// (as many as there are cores); the first that breaks an invariant is made as short as possible and printed. The same seed
// gives the same run, whatever W is.
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { historyOf } from "./history.ts";
import { describeFailure, Totals } from "./report.ts";
import { shrink } from "./shrink.ts";
import { runHistories } from "./workers.ts";

const { values } = parseArgs({
  options: {
    releases: { type: "string", default: "1000" },
    seed: { type: "string", default: "1" },
    workers: { type: "string", default: String(availableParallelism()) },
  },
});
const [wanted, first, workers] = [Number(values.releases), Number(values.seed), Number(values.workers)];
if (!(wanted > 0) || !Number.isInteger(first) || !Number.isInteger(workers) || workers < 1) {
  console.error("usage: npm run sim -- --releases N --seed S --workers W");
  process.exit(2);
}
const totals = new Totals();
const began = Date.now();
const progress = setInterval(() => {
  const seconds = Math.round((Date.now() - began) / 1000);
  console.error(`${totals.releases} of ${wanted} releases in ${totals.histories} histories after ${seconds} s`);
}, 10_000);
let broken: number | undefined;
await runHistories(first, workers, (told) => {
  totals.add(told);
  if (told.broke) broken = told.seed;
  return broken === undefined && totals.releases < wanted;
});
clearInterval(progress);
if (broken !== undefined) {
  const least = await shrink(historyOf(broken));
  console.log(describeFailure(broken, least.history, least.outcome));
  console.log(`again: npm run sim -- --releases 1 --seed ${broken}`);
  process.exitCode = 1;
}
console.log(String(totals));
