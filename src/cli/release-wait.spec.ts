import { expect, test } from "vitest";
import type { ReleaseView } from "./follow-release.ts";
import { span, splitOutput, waitingWords } from "./release-wait.ts";

const release = (status: ReleaseView["status"]): ReleaseView => ({
  metadata: { name: "orders-r7", creationTimestamp: "2026-01-01T00:00:00Z" },
  spec: { app: "orders", number: 7, parts: ["workload"] },
  ...(status !== undefined && { status }),
});

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

test("what is missing, until when, and what happens then", () => {
  const status = { phase: "progressing", step: "widen", reason: "0 of 2 pods are ready: exited with code 1: boom" };
  expect(waitingWords(release({ ...status, deadline: 610_000, then: "the release fails" }), 20_000)).toEqual({
    text: "orders-r7: widen – 0 of 2 pods are ready: exited with code 1",
    output: "boom",
    deadline: " (deadline in 9 min 50 s: then the release fails)",
  });
  expect(waitingWords(release(undefined), 0)).toEqual({ text: "orders-r7: waiting", deadline: "" });
});

test("a release that goes back", () => {
  const reason = "going back (0 of 2 pods are ready: exited with code 1: boom (really)): bogota: applied up to 7 of 8";
  expect(waitingWords(release({ phase: "going back", step: "discard", reason }), 0)).toEqual({
    text: "orders-r7: discard – going back: bogota: applied up to 7 of 8",
    deadline: "",
  });
});

test("time that is left", () => {
  expect([0, -5, 24_100, 60_000, 61_000].map(span)).toEqual(["0 s", "0 s", "25 s", "1 min", "1 min 1 s"]);
});
