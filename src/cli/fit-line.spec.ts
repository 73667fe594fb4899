import { expect, test } from "vitest";
import { columnsOf, fit, harmless, padTo, wrap } from "./fit-line.ts";

const red = (text: string) => `\u001b[31m${text}\u001b[0m`;

test("columns, not characters", () => {
  expect(["", "abc", red("abc"), "日本", "é", "e\u0301", "🚀", "●─◊"].map(columnsOf)).toEqual([0, 3, 3, 4, 1, 1, 2, 3]);
});

test("a line that is too long is cut, and its colour ended", () => {
  expect(fit("abcdef", 6)).toBe("abcdef");
  expect(fit("abcdefg", 6)).toBe("abcde…");
  expect(fit(red("abcdefg"), 6)).toBe("\u001b[31mabcde…\u001b[0m");
  expect(fit(`${red("ab")}cdefg`, 6)).toBe(`${red("ab")}cde…`);
  expect(fit("日本語", 4)).toBe("日…");
});

test("words are kept whole", () => {
  expect(wrap("one two three four", 9)).toEqual(["one two", "three", "four"]);
  expect(wrap("", 9)).toEqual([]);
});

test("what others wrote can't move the cursor", () => {
  expect(harmless("a\u001b[2Jb\r\nc\u0007")).toBe("a [2Jb c");
});

test("padding counts columns", () => {
  expect(padTo(red("日"), 4)).toBe(`${red("日")}  `);
});
