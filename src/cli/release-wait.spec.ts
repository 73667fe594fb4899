import { expect, test } from "vitest";
import { span, splitOutput } from "./release-wait.ts";

test.each([
  ["bogota: 0 of 2 pods of r7 are ready: not ready", { text: "bogota: 0 of 2 pods of r7 are ready: not ready" }],
  [
    "bogota: 0 of 2 pods of r7 are ready: app CrashLoopBackOff: exited with code 1: Error: no rules\n    at main: 3",
    {
      text: "bogota: 0 of 2 pods of r7 are ready: app CrashLoopBackOff: exited with code 1",
      output: "Error: no rules\n    at main: 3",
    },
  ],
  [
    "x: not ready after 1 restart: exited with code 3: boom: Readiness probe failed: connect ECONNREFUSED",
    { text: "x: not ready after 1 restart: exited with code 3", output: "boom" },
  ],
  ["x: exited with code 128: exec: no such file", { text: "x: exited with code 128: exec: no such file" }],
  ["x: exited with code 3: Readiness probe failed: connect", { text: "x: exited with code 3" }],
  ["x: killed by signal 9: gone", { text: "x: killed by signal 9", output: "gone" }],
  ["x: exited with code 1", { text: "x: exited with code 1" }],
])("%j", (reason, expected) => {
  expect(splitOutput(reason)).toEqual(expected);
});

test("time that is left", () => {
  expect([0, -5, 24_100, 60_000, 61_000].map(span)).toEqual(["0 s", "0 s", "25 s", "1 min", "1 min 1 s"]);
});
