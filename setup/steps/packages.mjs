// @ts-check
// npm's packages, among them the pinned Node, exactly as the lock file says.
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { missingPackages } from "../lock.mjs";
import { cacheDir, executable, pinnedNode, root } from "../paths.mjs";
import { FailedProgram, MissingProgram, SetupError, run, soundsOffline } from "../run.mjs";

/** @type {import("../steps.mjs").Step} */
export const packages = {
  title: "packages and the pinned Node, by npm",
  isDone: () => missing().length === 0,
  async run() {
    await npmCi();
    // npm leaves out optional packages that don't support the Node it runs on, such as the bundler's binary.
    if (missing().length > 0 && executable(pinnedNode)) await npmCiByPinnedNode();
    const [first, ...others] = missing();
    if (first)
      throw new SetupError(
        `npm left out ${first}${others.length > 0 ? ` and ${others.length} more` : ""}`,
        "It skips optional packages that it can't download. Try again.",
      );
  },
};

function missing() {
  // npm itself writes the second file, at the end of every install: it says what is there now.
  return missingPackages(readJson("package-lock.json"), readJson("node_modules/.package-lock.json"), {
    platform: process.platform,
    arch: process.arch,
    libc: libc(),
  });
}

/** @param {string} file */
function readJson(file) {
  try {
    return JSON.parse(readFileSync(join(root, file), "utf8"));
  } catch {
    return undefined;
  }
}

function libc() {
  const report = /** @type {{ excludeNetwork?: boolean, getReport(): object }} */ (process.report);
  report.excludeNetwork = true; // it would look up the names of open connections
  const { header } = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (report.getReport());
  return header.glibcVersionRuntime ? "glibc" : "musl";
}

async function npmCiByPinnedNode() {
  mkdirSync(cacheDir(), { recursive: true });
  const folder = mkdtempSync(join(cacheDir(), ".node-")); // npm ci removes the one in node_modules
  try {
    const node = join(folder, "node");
    copyFileSync(pinnedNode, node);
    await npmCi(node, { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH}` });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function npmCi(node = process.execPath, env = process.env) {
  const npm = env.npm_execpath; // the npm that runs us, if any
  const [program, ...first] = npm?.endsWith(".js") ? [node, npm] : ["npm"];
  // Scripts of packages are never run: none is needed, and each would be somebody's code at install.
  const args = [...first, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  try {
    await run(program, args, { cwd: root, env });
  } catch (error) {
    if (error instanceof MissingProgram) throw new SetupError("there is no npm on the PATH", "Install Node with npm.");
    if (!(error instanceof FailedProgram)) throw error;
    const output = error.output ?? "";
    if (soundsOffline(output))
      throw new SetupError("npm can't reach its registry. Offline?", "Connect and try again.", output);
    throw new SetupError("npm ci failed", undefined, output);
  }
}
