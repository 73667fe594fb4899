import { expect, test } from "vitest";
import { isLive, LiveScreen } from "./live-screen.ts";

function terminal(columns: number, rows: number) {
  const writes: string[] = [];
  const stream = { isTTY: true, columns, rows, write: (text: string) => writes.push(text) > 0 };
  return { stream, writes };
}

test("a drawing takes the place of the one before, in one write; the same one writes nothing", () => {
  const { stream, writes } = terminal(20, 10);
  const screen = new LiveScreen(stream);
  screen.draw(["one", "two"]);
  screen.draw(["one", "two"]);
  screen.draw(["one", "2", "three"]);
  screen.leave(["end"]);
  expect(writes).toEqual([
    "one\u001b[K\ntwo\u001b[K\n\u001b[J",
    "\r\u001b[2Aone\u001b[K\n2\u001b[K\nthree\u001b[K\n\u001b[J",
    "\r\u001b[3A\u001b[Jend\n",
  ]);
});

test("no line is wider, and no drawing taller, than the terminal", () => {
  const { stream, writes } = terminal(5, 3);
  new LiveScreen(stream).draw(["123456", "2", "3", "4"]);
  expect(writes).toEqual(["1234…\u001b[K\n2\u001b[K\n\u001b[J"]);
});

test("only a terminal that can move its cursor is drawn on", () => {
  expect(isLive({ isTTY: true }, { TERM: "xterm" })).toBe(true);
  expect(isLive({ isTTY: true }, { TERM: "dumb" })).toBe(false);
  expect(isLive({ isTTY: false }, {})).toBe(false);
});
