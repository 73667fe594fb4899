// @ts-check
// npm, whichever the user has. Scripts of packages are never run: none is needed, and each would be somebody's code.
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { root } from "./paths.mjs";
import { FailedProgram, MissingProgram, SetupError, run, soundsOffline } from "./run.mjs";

/** Makes node_modules anew from the lock file. */
export async function npmCi() {
  await npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
}

/**
 * Puts one package where the lock file has it.
 * @param {string} path such as `node_modules/@scope/name`
 * @param {import("./lock.mjs").Entry} entry
 */
export async function npmUnpack(path, entry) {
  const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
  const work = mkdtempSync(join(root, "node_modules", ".unpack-"));
  try {
    await npm(["pack", `${name}@${entry.version}`, "--pack-destination", work]);
    const archive = join(work, readdirSync(work)[0] ?? "");
    checkIntegrity(archive, entry.integrity);
    const target = join(root, path);
    rmSync(target, { recursive: true, force: true });
    mkdirSync(target, { recursive: true });
    await run("tar", ["-xzf", archive, "-C", target, "--strip-components=1", "--no-same-owner"]);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * @param {string} archive
 * @param {string | undefined} integrity as in the lock file: `sha512-<base64>`
 */
function checkIntegrity(archive, integrity) {
  const found = `sha512-${createHash("sha512").update(readFileSync(archive)).digest("base64")}`;
  if (found !== integrity) throw new SetupError(`${archive} has ${found}, but the lock file wants ${integrity}`);
}

/** @param {string[]} args */
async function npm(args) {
  const self = process.env.npm_execpath; // the npm that runs us, if any
  const [program, ...first] = self?.endsWith(".js") ? [process.execPath, self] : ["npm"];
  try {
    await run(program, [...first, ...args, "--loglevel=error"], { cwd: root });
  } catch (error) {
    if (error instanceof MissingProgram) throw new SetupError("there is no npm on the PATH", "Install Node with npm.");
    if (!(error instanceof FailedProgram)) throw error;
    const output = error.output ?? "";
    if (soundsOffline(output))
      throw new SetupError("npm can't reach its registry. Offline?", "Connect and try again.", output);
    throw new SetupError(`npm ${args[0]} failed`, undefined, output);
  }
}
