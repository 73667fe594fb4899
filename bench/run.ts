import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { table } from "../src/cli/output.ts";
import type { Benchmark } from "./benchmark.ts";

/** `npm run bench NAME`: runs one benchmark, prints its table, writes bench/results/NAME.json. */
const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith(".bench.ts"))
  .map((file) => file.replace(".bench.ts", ""));
const [name] = process.argv.slice(2);
const path = join(import.meta.dirname, `${name}.bench.ts`);
if (name === undefined || !existsSync(path)) {
  console.error(`usage: npm run bench NAME\nNAME is one of: ${names.join(", ")}`);
  process.exit(2);
}

const { run } = (await import(path)) as { run: Benchmark };
const rows = await run((text) => void process.stderr.write(`${text}\n`));
console.log(
  table(rows, [
    { header: "MEASURE", value: ({ measure }) => measure },
    {
      header: "VALUE",
      value: ({ value }) => (Number.isInteger(value) ? String(value) : value.toFixed(value < 10 ? 2 : 1)),
      align: "right",
    },
    { header: "UNIT", value: ({ unit }) => unit },
    { header: "NOTE", value: ({ note }) => note ?? "" },
  ]),
);
mkdirSync(join(import.meta.dirname, "results"), { recursive: true });
const machine = { cores: cpus().length, memoryGiB: Math.round(totalmem() / 2 ** 30), node: process.version };
writeFileSync(
  join(import.meta.dirname, "results", `${name}.json`),
  `${JSON.stringify({ benchmark: name, machine, rows }, null, 2)}\n`,
);
process.exit(0);
