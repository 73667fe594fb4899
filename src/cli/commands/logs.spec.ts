import { expect, test } from "vitest";
import { nothingWritten } from "./logs.ts";

const pod = (more: object) => ({ cluster: "bogota", pod: "a-r1-x", state: "ready", restarts: 0, ...more });

test("an app that wrote nothing says so; pods in trouble, and where more may be found", () => {
  expect(nothingWritten("a", [pod({})], false)).toEqual(["a has written nothing (1 pod)"]);
  expect(
    nothingWritten("a", [pod({}), pod({ state: "not ready", reason: "exited with code 1", restarts: 3 })], false),
  ).toEqual([
    "a has written nothing (2 pods)",
    "  bogota/a-r1-x not ready: exited with code 1",
    "  1 pod restarted; what was written before: quipu logs a --previous",
  ]);
  expect(nothingWritten("a", [pod({ restarts: 1 })], true)).toEqual([
    "no process of a wrote anything before its last restart",
  ]);
});
