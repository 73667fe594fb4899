import fc from "fast-check";
import { expect, test } from "vitest";
import { jsonErrorAt } from "./json-error-at.ts";

test.each<[string, [number, number]]>([
  ['{"a": }', [1, 7]],
  ['{"a": 1,}', [1, 9]],
  ['{\n  "a": 1\n  "b": 2\n}', [3, 3]],
  ["[1, 2", [1, 6]],
  ["{a: 1}", [1, 2]],
  ['{"a": 1} x', [1, 10]],
  ['{"a": 01}', [1, 8]],
  ['["a\tb"]', [1, 2]],
  ["", [1, 1]],
  ["[1]]", [1, 4]],
])("%j breaks at %j", (text, [line, column]) => {
  expect(jsonErrorAt(text)).toEqual({ line, column });
});

test("finds an error exactly where JSON.parse finds one", () => {
  const parses = (text: string) => {
    try {
      JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  };
  fc.assert(
    fc.property(
      fc.json(),
      fc.nat(),
      fc.constantFrom("", ",", "}", "]", ":", '"', "x", "1", " ", "\n"),
      (json, at, piece) => {
        const cut = at % (json.length + 1);
        const text = json.slice(0, cut) + piece + json.slice(cut + (at % 2));
        expect(jsonErrorAt(text) === undefined).toBe(parses(text));
      },
    ),
    { numRuns: 2000 },
  );
});
