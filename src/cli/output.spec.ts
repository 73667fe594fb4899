import { expect, test } from "vitest";
import { age, table } from "./output.ts";

test("a table aligns its columns and leaves no trailing blanks", () => {
  const rows = [
    { name: "checkout", weight: 5 },
    { name: "pay", weight: 100 },
  ];
  expect(
    table(rows, [
      { header: "NAME", value: (row) => row.name },
      { header: "WEIGHT", value: (row) => String(row.weight), align: "right" },
    ]),
  ).toBe(["NAME      WEIGHT", "checkout       5", "pay          100"].join("\n"));
});

test.each([
  [0, "0s"],
  [119_000, "119s"],
  [120_000, "2m"],
  [7_200_000, "2h"],
  [172_800_000, "2d"],
])("%d ms is %s", (ms, text) => {
  expect(age(1000, 1000 + ms)).toBe(text);
});
