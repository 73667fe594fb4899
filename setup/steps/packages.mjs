// @ts-check
// npm's packages, among them the pinned Node, exactly as the lock file says.
import { existsSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { missingPackages } from "../lock.mjs";
import { npmCi, npmUnpack } from "../npm.mjs";
import { pinnedNode, root } from "../paths.mjs";

/** The package of the lock file that is Node itself. */
const nodeOfPackage = join(root, "node_modules", `node-${process.platform}-${process.arch}`, "bin", "node");

/** @type {import("../steps.mjs").Step} */
export const packages = {
  title: "packages and the pinned Node, by npm",
  isDone: () => missing().length === 0 && isLinked(),
  async run() {
    if (missing().some(([, entry]) => !entry.optional)) await npmCi();
    // npm leaves out optional packages that don't support the Node it runs on, and old ones misread `libc`.
    // We run everything on the pinned Node, so we want them: the bundler's binary for example.
    for (const [path, entry] of missing()) await npmUnpack(path, entry);
    if (!isLinked()) link();
  },
};

function missing() {
  // npm itself writes the second file, at the end of every install: it says what is there now.
  const wanted = readJson("package-lock.json");
  const installed = readJson(join("node_modules", ".package-lock.json"));
  const absent = missingPackages(wanted, installed, { platform: process.platform, arch: process.arch, libc: libc() });
  return absent.filter(([path, entry]) => !(installed && entry.optional && versionOf(path) === entry.version));
}

/** @param {string} path */
function versionOf(path) {
  return readJson(join(path, "package.json"))?.version;
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

/** Is there a pinned Node where `npm run` and `npx` look first? Old versions of npm don't link it. */
function isLinked() {
  return existsSync(pinnedNode) || !existsSync(nodeOfPackage);
}

function link() {
  mkdirSync(dirname(pinnedNode), { recursive: true });
  symlinkSync(relative(dirname(pinnedNode), nodeOfPackage), pinnedNode);
}
