import { expect, test } from "vitest";
import { unexcused } from "./outage.ts";

test("a failure is excused by an outage on its stream that the request met", () => {
  const failure = (stream: string, began: number, ended: number) => ({ stream, began, ended, what: "503" });
  const all = [
    failure("a", 5, 12),
    failure("a", 18, 25),
    failure("a", 1, 9),
    failure("a", 21, 30),
    failure("b", 12, 13),
  ];
  const outages = [{ what: "app", streams: ["a"], from: 10, until: 20 }];
  expect(unexcused(all, outages)).toEqual([all[2], all[3], all[4]]);
  expect(unexcused(all, [{ what: "app", streams: ["a", "b"], from: 0, until: Infinity }])).toEqual([]);
});
