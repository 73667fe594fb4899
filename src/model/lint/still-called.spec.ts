import { expect, test } from "vitest";
import type { App } from "../app.ts";
import { stillCalled } from "./still-called.ts";

const app = (name: string, ...callees: string[]): App => ({
  apiVersion: "quipu.dev/v1",
  kind: "App",
  metadata: { name },
  spec: { team: "t", segment: "s", calls: callees.map((callee) => ({ app: callee })) },
});

test("an app that others call names them, itself excepted", () => {
  const [problem] = stillCalled("b", [app("z", "a", "b"), app("b", "b"), app("a", "b"), app("c", "a")]);
  expect(problem).toMatchObject({ code: "still-called", found: ["a", "z"], subject: "App/b" });
  expect(problem!.message).toContain("called by a, z");
  expect(stillCalled("c", [app("a", "b"), app("b")])).toEqual([]);
});

test("many callers are counted", () => {
  const [problem] = stillCalled(
    "b",
    Array.from({ length: 12 }, (_, index) => app(`caller-${String.fromCharCode(97 + index)}`, "b")),
  );
  expect(problem!.message).toContain("caller-j and 2 more:");
});
