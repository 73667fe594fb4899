// @ts-check
// One set-up of a checkout at a time: `npm start` and `npm test` may be typed in two terminals.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cacheDir, root } from "./paths.mjs";

/**
 * @template T
 * @param {(pid: number) => void} onWait called once if another set-up is at work
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function alone(onWait, work) {
  mkdirSync(cacheDir(), { recursive: true });
  const name = createHash("sha256").update(root).digest("hex").slice(0, 12);
  const file = join(cacheDir(), `.setup-${name}.lock`); // not in node_modules: npm ci empties that
  let told = false;
  for (let holder = take(file); holder !== undefined; holder = take(file)) {
    if (!told) onWait(holder);
    told = true;
    await sleep(200);
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

/**
 * @param {string} file
 * @returns {number | undefined} the process that holds it; undefined if it is ours now
 */
function take(file) {
  try {
    writeFileSync(file, String(process.pid), { flag: "wx" });
    return undefined;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== "EEXIST") throw error;
  }
  const holder = Number(read(file));
  if (isRunning(holder)) return holder;
  rmSync(file, { force: true }); // its set-up was killed
  return holder;
}

/** @param {string} file */
function read(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/** @param {number} pid */
function isRunning(pid) {
  if (!pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
