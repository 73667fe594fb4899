import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import type { WriteStream } from "node:tty";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createProgress } from "../../setup/progress.mjs";
import { explained, moduleFolder } from "./go-build.ts";
import { istio, kubernetes, kwok } from "./parts.ts";
import { provideFolder } from "./provide.ts";

let cache: string;
let said: string;
let progress: ReturnType<typeof createProgress>;
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), "quipu-provide-"));
  said = "";
  const out = new PassThrough().on("data", (text: Buffer) => (said += text.toString()));
  progress = createProgress(out as unknown as WriteStream);
});
afterEach(() => rmSync(cache, { recursive: true }));

const make = (text: string) => async (work: string) => writeFileSync(join(work, "program"), text);
const provided = (work: (folder: string) => Promise<void>) => {
  const folder = join(cache, "thing-1");
  return provideFolder(folder, "thing 1", () => existsSync(join(folder, "program")), work, progress);
};

test("what is there isn't made again; what isn't appears whole", async () => {
  const folder = await provided(make("first"));
  await provided(make("second"));
  expect(readFileSync(join(folder, "program"), "utf8")).toBe("first");
  expect(said).toMatch(/… thing 1\n {2}✔ thing 1/);
});

test("a build that fails or was killed leaves nothing that counts", async () => {
  const half = async (work: string): Promise<void> => {
    writeFileSync(join(work, "program"), "half");
    throw new Error("the disk is full");
  };
  await expect(provided(half)).rejects.toThrow("the disk is full");
  mkdirSync(join(cache, ".thing-1.build-killed"));
  mkdirSync(join(cache, "thing-1"));
  const folder = await provided(make("whole"));
  expect(readFileSync(join(folder, "program"), "utf8")).toBe("whole");
  expect(readdirSync(cache).filter((name) => name.includes("build-"))).toEqual([]);
});

test("of two at once one makes it and the other waits, and says so", async () => {
  let makers = 0;
  const slow = async (work: string): Promise<void> => {
    makers++;
    await new Promise((resolve) => setTimeout(resolve, 500));
    await make("once")(work);
  };
  await Promise.all([provided(slow), provided(slow)]);
  expect(makers).toBe(1);
  expect(said).toContain("another process is at it");
});

test("each module's pins name the version that its folder in the cache promises", () => {
  for (const part of [kubernetes, istio, kwok]) {
    const text = readFileSync(join(moduleFolder(part), "go.mod"), "utf8");
    expect(text).toContain(`${part.module} v${part.version}`);
    const tools = [...text.matchAll(/^(?:tool |\t)([^\s(]+)$/gm)].map(([, path]) => path!.split("/").at(-1));
    expect(tools.toSorted()).toEqual([...part.programs].toSorted());
  }
});

test("a failed build says what is wrong and what to do", () => {
  const text = (output: string) => {
    const { message, advice } = explained(kwok, output);
    return `${message} | ${advice ?? ""}`;
  };
  expect(text("write /tmp/x: no space left on device")).toMatch(/the disk is full.*Make room/);
  expect(text("dial tcp: lookup proxy.golang.org: no such host")).toMatch(/can't be reached.*Connect and try again/);
  expect(text("verifying sigs.k8s.io/kwok@v0.8.0: checksum mismatch")).toMatch(/not the one that is pinned/);
});
