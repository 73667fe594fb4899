import { expect, test } from "vitest";
import { ApiError, type ProblemDocument } from "./api-client.ts";
import { CliError } from "./cli-error.ts";
import { describe, reportError } from "./report-error.ts";

const problem = (more: Partial<ProblemDocument>): ProblemDocument => ({
  type: "about:blank",
  title: "Invalid",
  status: 422,
  code: "invalid-field",
  ...more,
});

test("a problem names the field, what was found and what is accepted", () => {
  expect(
    describe(
      problem({
        field: "spec.traffic.timeout",
        detail: "is no duration",
        found: "3sec",
        accepted: "a number with ms, s, m or h",
      }),
    ),
  ).toBe("spec.traffic.timeout: is no duration (found 3sec) [invalid-field]\n  accepted: a number with ms, s, m or h");
});

test.each([
  [401, 5],
  [403, 5],
  [404, 3],
  [409, 4],
  [412, 4],
  [422, 2],
  [500, 6],
])("status %d ends with exit code %d", (status, code) => {
  expect(reportError(new ApiError(problem({ status })), () => undefined)).toBe(code);
});

test("what was found isn't told twice", () => {
  expect(describe(problem({ detail: "still called by a, b", found: ["a", "b"] }))).toBe(
    "still called by a, b [invalid-field]",
  );
});

test("several problems are all told", () => {
  let text = "";
  reportError(
    new ApiError(
      problem({ problems: [problem({ field: "a", detail: "one" }), problem({ field: "b", detail: "two" })] }),
    ),
    (more) => {
      text += more;
    },
  );
  expect(text).toContain("a: one");
  expect(text).toContain("b: two");
});

test("an unreachable server is not the user's mistake", () => {
  expect(reportError(new CliError("unreachable", "no answer"), () => undefined)).toBe(6);
});
