import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { missingPackages } from "./lock.mjs";

const linux = { platform: "linux", arch: "x64", libc: "glibc" };
const wanted = {
  packages: {
    "": { version: "0.1.0" },
    "node_modules/a": { version: "1.0.0", integrity: "sha512-a" },
    "node_modules/bin-linux": { version: "1.0.0", integrity: "sha512-l", optional: true, os: ["linux"], cpu: "x64" },
    "node_modules/bin-mac": { version: "1.0.0", optional: true, os: ["darwin"], cpu: ["arm64"] },
    "node_modules/bin-musl": { version: "1.0.0", optional: true, os: ["linux"], cpu: ["x64"], libc: ["musl"] },
    "node_modules/nice-to-have": { version: "1.0.0", optional: true },
  },
};
const installed = {
  packages: {
    "node_modules/a": wanted.packages["node_modules/a"],
    "node_modules/bin-linux": wanted.packages["node_modules/bin-linux"],
  },
};

const lacks = (...input: Parameters<typeof missingPackages>) => missingPackages(...input).map(([path]) => path);

describe("what an installation lacks of the lock file", () => {
  it("is nothing when all that this machine needs is there", () => {
    expect(lacks(wanted, installed, linux)).toEqual([]);
  });

  it("is all when nothing is installed", () => {
    expect(lacks(wanted, undefined, linux)).toEqual(["node_modules/a", "node_modules/bin-linux"]);
  });

  it("is the other build on another machine", () => {
    expect(lacks(wanted, installed, { ...linux, libc: "musl" })).toEqual(["node_modules/bin-musl"]);
    expect(lacks(wanted, installed, { platform: "darwin", arch: "arm64", libc: "" })).toEqual(["node_modules/bin-mac"]);
  });

  it.each([{ version: "1.0.1" }, { integrity: "sha512-b" }])("includes a package that differs in %j", (difference) => {
    const a = { ...installed.packages["node_modules/a"], ...difference };
    expect(lacks(wanted, { packages: { ...installed.packages, "node_modules/a": a } }, linux)).toEqual([
      "node_modules/a",
    ]);
  });
});

describe("package-lock.json", () => {
  interface Entry {
    optionalDependencies?: Record<string, string>;
    resolved?: string;
  }
  const lock: { packages: Record<string, Entry> } = JSON.parse(
    readFileSync(new URL("../package-lock.json", import.meta.url), "utf8"),
  );
  const entries = Object.entries(lock.packages);

  it("names the builds for every platform: npm ci refuses it otherwise", () => {
    const absent = entries.flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter(
        (name) => !lock.packages[`${path}/node_modules/${name}`] && !lock.packages[`node_modules/${name}`],
      ),
    );
    expect(absent).toEqual([]);
  });

  it("names no registry: that is the user's choice", () => {
    expect(entries.filter(([, entry]) => entry.resolved !== undefined).map(([path]) => path)).toEqual([]);
  });
});
