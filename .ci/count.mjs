// Adds up Vitest's JSON reports: `N passed, N failed, N skipped`, after the tests that failed and why: the tail of a long
// log is all that many places keep of it. A test that doesn't run is as bad as one that fails.
import { readFileSync } from "node:fs";

/** Enough to tell what went wrong; the rest stands where the test ran. */
const linesOfEach = 25;

const total = { passed: 0, failed: 0, skipped: 0 };
for (const path of process.argv.slice(2)) {
  const report = read(path);
  if (!report) {
    console.log(`no report in ${path}: the run itself broke down`);
    total.failed += 1;
    continue;
  }
  const brokenFiles = report.testResults.filter(brokenFile);
  total.passed += report.numPassedTests;
  total.failed += report.numFailedTests + brokenFiles.length;
  total.skipped += report.numPendingTests + report.numTodoTests;
  for (const { name, message } of brokenFiles) tell(name, message);
  for (const { name, assertionResults } of report.testResults) {
    for (const test of assertionResults) {
      if (test.status === "failed") tell(`${name}: ${test.fullName}`, test.failureMessages.join("\n"));
    }
  }
}
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.passed > 0 && total.failed + total.skipped === 0 ? 0 : 1;

function read(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

/** A file that couldn't even be loaded has no failed test of its own. */
function brokenFile({ status, assertionResults }) {
  return status === "failed" && !assertionResults.some((test) => test.status === "failed");
}

function tell(what, why) {
  const lines = String(why).split("\n").slice(0, linesOfEach);
  console.log(`── failed: ${what}\n${lines.map((line) => `   ${line}`).join("\n")}\n`);
}
