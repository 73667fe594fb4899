import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cachedEnvoy, chromium, envoyPath } from "./paths.mjs";

let folder = "";
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "paths-"))));
afterEach(() => rmSync(folder, { recursive: true }));

function program(path: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, "#!/bin/sh\n");
  chmodSync(path, 0o755);
  return path;
}

describe("the Envoy to run", () => {
  const env = () => ({ HOME: folder, PATH: join(folder, "bin") });

  it("is the one that set-up fetched", () => {
    const fetched = program(cachedEnvoy(env()));
    expect(envoyPath(env())).toBe(fetched);
  });

  it("is the one on the PATH before that", () => {
    program(cachedEnvoy(env()));
    const own = program(join(folder, "bin", "envoy"));
    expect(envoyPath(env())).toBe(own);
  });

  it("is QUIPU_ENVOY before all", () => {
    program(join(folder, "bin", "envoy"));
    const named = program(join(folder, "mine"));
    expect(envoyPath({ ...env(), QUIPU_ENVOY: named })).toBe(named);
  });

  it("is never another one than QUIPU_ENVOY says", () => {
    program(join(folder, "bin", "envoy"));
    const file = join(folder, "mine");
    writeFileSync(file, "not executable");
    expect(() => envoyPath({ ...env(), QUIPU_ENVOY: file })).toThrow("is not an executable file");
  });

  it("isn't a folder of that name", () => {
    mkdirSync(join(folder, "bin", "envoy"), { recursive: true });
    expect(() => envoyPath(env())).toThrow("run `npm run setup`");
  });
});

describe("the Chromium for tests", () => {
  it("is one on the PATH before ours", () => {
    const own = program(join(folder, "bin", "chromium"));
    expect(chromium({ HOME: folder, PATH: join(folder, "bin") })).toMatchObject({ executablePath: own, env: {} });
  });

  it("says what to do when there is none", () => {
    expect(() => chromium({ HOME: folder, PATH: "" })).toThrow("run `npm run setup");
  });
});
