import { expect, test } from "vitest";
import { parseText } from "./prometheus-text.ts";

test("samples, without comments, empty lines and what isn't a sample", () => {
  const text = [
    "# TYPE a counter",
    "a 1",
    "",
    'b{x="1",y="two, {3}"} 2.5e3 1700000000',
    'c{le="+Inf"} +Inf',
    "not a sample",
    String.raw`d{path="a\"b\\c\nd"} 4`,
    "e 5",
  ].join("\n");
  expect([...parseText(text)]).toEqual([
    { name: "a", labels: {}, value: 1 },
    { name: "b", labels: { x: "1", y: "two, {3}" }, value: 2500 },
    { name: "c", labels: { le: "+Inf" }, value: Infinity },
    { name: "d", labels: { path: 'a"b\\c\nd' }, value: 4 },
    { name: "e", labels: {}, value: 5 },
  ]);
});
