// @ts-check
// Set-up: makes a fresh checkout runnable, and does nothing when it already is.
//   node setup/setup.mjs [--tests]
// Runs on the system's Node with nothing installed.
import { alone } from "./alone.mjs";
import { executable, pinnedNode } from "./paths.mjs";
import { NODE, OLDEST_NODE } from "./pins.mjs";
import { createProgress } from "./progress.mjs";
import { SetupError } from "./run.mjs";
import { allDone, forRunning, forTests, runSteps } from "./steps.mjs";

/** npm and pip begin with what is wrong, and go on with how they are used. */
const MOST_LINES = 15;
const stages = process.argv.includes("--tests") ? forTests : forRunning;

try {
  checkNode();
  if (!allDone(stages)) await setUp();
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(`\nset-up stopped: ${error.message}`);
  if (error.output) console.error(error.output.split("\n").slice(0, MOST_LINES).join("\n").replace(/^/gm, "  | "));
  if (error.advice) console.error(error.advice);
  process.exitCode = 1;
}

async function setUp() {
  const progress = createProgress();
  const onWait = (/** @type {number} */ pid) => progress.print(`waiting for another set-up (process ${pid})`);
  await alone(onWait, async () => {
    if (allDone(stages)) return; // by the one that we waited for
    progress.print("Setting up Quipu");
    await runSteps(stages, (step) => progress.perform(step));
    if (!executable(pinnedNode) && major() < NODE)
      throw new SetupError(
        `npm has no Node for ${process.platform}-${process.arch}, and this one is ${process.version}`,
        `Install Node ${NODE} or newer.`,
      );
  });
}

function checkNode() {
  if (major() < OLDEST_NODE)
    throw new SetupError(`this is Node ${process.version}`, `Install Node ${OLDEST_NODE} or newer.`);
}

function major() {
  return Number.parseInt(process.versions.node, 10);
}
