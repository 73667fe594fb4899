// A thread that runs the history of each seed that it is sent and answers what came of it.
import { parentPort } from "node:worker_threads";
import { historyOf } from "./history.ts";
import { simulate, type Outcome } from "./simulation.ts";

/** What is told of an outcome: all but the journal, which only a failing history's reader wants and which replays exactly. */
export interface Told extends Omit<Outcome, "entries" | "violation"> {
  seed: number;
  broke: boolean;
}

parentPort!.on("message", (seed: number) => {
  void simulate(historyOf(seed)).then(({ entries: _, violation, ...outcome }) =>
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is for windows
    parentPort!.postMessage({ ...outcome, seed, broke: violation !== undefined } satisfies Told),
  );
});
