// Adds up Vitest's JSON reports: `N passed, N failed, N skipped`. A test that doesn't run is as bad as one that fails.
import { readFileSync } from "node:fs";

const total = { passed: 0, failed: 0, skipped: 0 };
for (const path of process.argv.slice(2)) {
  const report = read(path);
  if (!report) {
    total.failed += 1; // the run itself broke down
    continue;
  }
  total.passed += report.numPassedTests;
  total.failed += report.numFailedTests + report.testResults.filter(brokenFile).length;
  total.skipped += report.numPendingTests + report.numTodoTests;
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
