import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { pack, type Header } from "tar-stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ArtifactStore } from "./artifacts.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "quipu-artifacts-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

async function tar(...entries: (Partial<Header> & { name: string; content?: string })[]): Promise<Buffer> {
  const archive = pack();
  for (const { content, ...header } of entries) archive.entry(header, content ?? "");
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
const digestOf = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
function storeOf(bytes: Buffer): { store: ArtifactStore; fetched: () => number } {
  let count = 0;
  const source = {
    async fetch() {
      count++;
      return (async function* () {
        for (let at = 0; at < bytes.length; at += 700) yield bytes.subarray(at, at + 700);
      })();
    },
  };
  return { store: new ArtifactStore(root, source), fetched: () => count };
}

describe("ArtifactStore", () => {
  it.each([
    ["plain", (bytes: Buffer) => bytes],
    ["gzipped", (bytes: Buffer) => gzipSync(bytes)],
  ])("unpacks a %s archive once, files read-only, executables so", async (_name, make) => {
    const bytes = make(
      await tar(
        { name: "./lib/", type: "directory" },
        { name: "./index.mjs", content: "hello" },
        { name: "bin/run", mode: 0o755, content: "#!" },
        { name: "link", type: "symlink", linkname: "index.mjs" },
      ),
    );
    const { store, fetched } = storeOf(bytes);
    const digest = digestOf(bytes);
    const both = await Promise.all([store.folder(digest), store.folder(digest)]);
    expect(both.map((one) => one.path)).toEqual([join(root, digest), join(root, digest)]);
    expect((await store.folder(digest)).pulled).toBe(false);
    expect(fetched()).toBe(1);
    expect(readFileSync(join(root, digest, "link"), "utf8")).toBe("hello");
    expect([
      statSync(join(root, digest, "index.mjs")).mode & 0o777,
      statSync(join(root, digest, "bin/run")).mode & 0o777,
    ]).toEqual([0o444, 0o555]);
    expect(readdirSync(root)).toEqual([digest]);
  });

  it("refuses other content than the digest says, and leaves nothing", async () => {
    const { store } = storeOf(await tar({ name: "a", content: "x" }));
    await expect(store.folder("0".repeat(64))).rejects.toMatchObject({
      reason: "ErrImagePull",
      message: expect.stringContaining("has the wrong content"),
    });
    expect(readdirSync(root)).toEqual([]);
  });

  it.each([
    [{ name: "../out", content: "x" }, "leads out of the archive"],
    [{ name: "/etc/out", content: "x" }, "leads out of the archive"],
    [{ name: "link", type: "symlink" as const, linkname: "../../out" }, "leads out of the archive"],
    [{ name: "dev", type: "character-device" as const }, "accepted: files, folders, symbolic links"],
  ])("refuses %j", async (entry, message) => {
    const bytes = await tar(entry);
    await expect(storeOf(bytes).store.folder(digestOf(bytes))).rejects.toMatchObject({
      reason: "ErrImagePull",
      message: expect.stringContaining(message),
    });
    expect(readdirSync(root)).toEqual([]);
  });

  it("a file can't be carried elsewhere through a link", async () => {
    const bytes = await tar(
      { name: "dir/", type: "directory" },
      { name: "link", type: "symlink", linkname: "dir" },
      { name: "link/x", content: "x" },
    );
    await expect(storeOf(bytes).store.folder(digestOf(bytes))).rejects.toMatchObject({
      message: expect.stringContaining("goes through the symbolic link"),
    });
  });

  it("says why a fetch failed, and tries again the next time", async () => {
    const bytes = await tar({ name: "a", content: "x" });
    let down = true;
    const store = new ArtifactStore(root, {
      async fetch() {
        if (down) throw new Error("it answered 503");
        return (async function* () {
          yield bytes;
        })();
      },
    });
    await expect(store.folder(digestOf(bytes))).rejects.toMatchObject({
      reason: "ErrImagePull",
      message: `artifact sha256:${digestOf(bytes)} can't be fetched: it answered 503`,
    });
    down = false;
    expect(existsSync((await store.folder(digestOf(bytes))).path)).toBe(true);
  });
});

it("forgets an artifact that nobody needs, and what a stop left half done", async () => {
  const bytes = await tar({ name: "lib/index.mjs", content: "hello" });
  const digest = digestOf(bytes);
  const { store, fetched } = storeOf(bytes);
  await store.folder(digest);
  const past = new Date("2026-01-01");
  utimesSync(join(root, digest), past, past);
  expect(await store.unpacked()).toEqual([{ digest, usedAt: past.getTime() }]);
  await store.folder(digest);
  expect((await store.unpacked())[0]?.usedAt).toBeGreaterThan(past.getTime());
  mkdirSync(join(root, ".0123456789abcdef-0000"));
  await store.tidy();
  expect(readdirSync(root)).toEqual([digest]);
  await store.remove(digest);
  expect(readdirSync(root)).toEqual([]);
  expect(await store.folder(digest)).toMatchObject({ pulled: true });
  expect(fetched()).toBe(2);
});
