import { appendFileSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { boundOutput, outputTail, setOutputAside } from "./output.ts";
import { podLog, tailOffset } from "./pod-logs.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "quipu-logs-"));
  path = join(folder, "app.log");
});
afterEach(() => rmSync(folder, { recursive: true }));
const all = async (options: Partial<Parameters<typeof podLog>[1]> = {}): Promise<string> => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of podLog(
    path,
    { follow: false, previous: false, signal: new AbortController().signal, ...options },
    () => true,
  ))
    chunks.push(chunk);
  return Buffer.concat(chunks).toString();
};

it("gives all, the last lines, or the first bytes", async () => {
  expect(await all()).toBe("");
  writeFileSync(path, "one\ntwo\nthree\n");
  expect([
    await all(),
    await all({ tailLines: 2 }),
    await all({ tailLines: 0 }),
    await all({ tailLines: 9 }),
    await all({ limitBytes: 5 }),
  ]).toEqual(["one\ntwo\nthree\n", "two\nthree\n", "", "one\ntwo\nthree\n", "one\nt"]);
});
it("finds lines across chunks, and an unfinished last line", () => {
  const long = "x".repeat(100_000);
  writeFileSync(path, `a\n${long}\nb`);
  const { size } = statSync(path);
  expect([tailOffset(path, size, 1), tailOffset(path, size, 2), tailOffset(path, size, 3)]).toEqual([size - 1, 2, 0]);
});
it("follows until the container has ended, over a truncation", async () => {
  writeFileSync(path, "one\n");
  let ended = false;
  const seen: string[] = [];
  for await (const chunk of podLog(
    path,
    { follow: true, previous: false, signal: new AbortController().signal },
    () => ended,
  )) {
    seen.push(Buffer.from(chunk).toString());
    if (seen.length === 1) appendFileSync(path, "two, a longer line\n");
    if (seen.length === 2) writeFileSync(path, "new\n");
    if (seen.length === 3) ended = true;
  }
  expect(seen).toEqual(["one\n", "two, a longer line\n", "new\n"]);
});
it("ends when the client goes", async () => {
  writeFileSync(path, "one\n");
  const client = new AbortController();
  for await (const _chunk of podLog(path, { follow: true, previous: false, signal: client.signal }, () => false))
    client.abort();
});
it("bounds the file and keeps the older part beside it", async () => {
  writeFileSync(path, "x".repeat(100));
  boundOutput(path, 200);
  expect(statSync(path).size).toBe(100);
  boundOutput(path, 50);
  expect([statSync(path).size, statSync(`${path}.1`).size]).toEqual([0, 100]);
});
it("quotes the end of a run", () => {
  writeFileSync(path, `before\n${"noise\n".repeat(20)}Error: no\n`);
  expect(outputTail(path, 2)).toBe("noise\nError: no");
  expect(outputTail(`${path}.nope`)).toBe("");
});
it("keeps the run before the present one apart", async () => {
  const signal = new AbortController().signal;
  writeFileSync(path, "first run\n");
  setOutputAside(path);
  writeFileSync(path, "second run\nits last line\n");
  writeFileSync(`${path}.1`, "older part of the second run\n");
  setOutputAside(path);
  setOutputAside(path);
  expect([existsSync(path), existsSync(`${path}.1`)]).toEqual([false, false]);
  expect([await all({ previous: true }), await all({ previous: true, tailLines: 1, signal })]).toEqual([
    "second run\nits last line\n",
    "its last line\n",
  ]);
});
it("follows from one run into the next, missing nothing", async () => {
  writeFileSync(path, "one\n");
  let ended = false;
  let text = "";
  for await (const chunk of podLog(
    path,
    { follow: true, previous: false, signal: new AbortController().signal },
    () => ended,
  )) {
    text += Buffer.from(chunk).toString();
    if (text === "one\n") {
      appendFileSync(path, "last words\n");
      setOutputAside(path);
      writeFileSync(path, "next run, longer than the one before it\n");
    } else if (text.includes("next run")) ended = true;
  }
  expect(text).toBe("one\nlast words\nnext run, longer than the one before it\n");
});
