import { mkdtempSync, rmSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { blocks, claimBlock, networkOf, portRangeOf } from "./block.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "quipu-block-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

test("two homes get two blocks, and a home keeps its own", () => {
  const held = () => true;
  const first = claimBlock(dir, "/a", held);
  expect(claimBlock(dir, "/b", held)).not.toBe(first);
  expect(claimBlock(dir, "/a", held)).toBe(first);
});

test("a home keeps its own when one before it becomes free: its pods run there", () => {
  claimBlock(dir, "/a", () => true);
  const second = claimBlock(dir, "/b", () => true);
  expect(claimBlock(dir, "/b", (home) => home !== "/a")).toBe(second);
});

test("a claim whose home no longer has the block is taken over", () => {
  const first = claimBlock(dir, "/gone", () => true);
  expect(claimBlock(dir, "/b", () => false)).toBe(first);
  expect(readdirSync(dir)).toHaveLength(1);
});

test("says so when every block is in use", () => {
  for (const block of blocks) claimBlock(dir, `/home-${block}`, () => true);
  expect(() => claimBlock(dir, "/one-more", () => true)).toThrow(/all 15 address blocks/);
});

test("networks and private ports of different clusters never overlap, and stay below the ephemeral range", () => {
  const networks = new Set<string>();
  let last = 0;
  for (const block of blocks) {
    for (let index = 1; index <= 15; index++) {
      networks.add(networkOf(block, index));
      const [from, to] = portRangeOf(block, index);
      expect(from).toBeGreaterThan(last);
      expect(to).toBeLessThan(32_768);
      last = to;
    }
  }
  expect(networks.size).toBe(225);
  expect(() => networkOf(16, 16)).toThrow(RangeError);
});
