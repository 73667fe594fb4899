// @ts-check
// A stamp says from what something was made: the hash of its inputs, kept beside it.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * One hash over files (by content), folders (by names and contents, whatever the order on disk) and plain values.
 * Contents, because a checkout gives every file a new time.
 * @param {{ paths?: string[], values?: unknown, skip?: (name: string) => boolean }} inputs a path that is missing counts as missing
 * @returns {string}
 */
export function keyOf({ paths = [], values, skip = () => false }) {
  const hash = createHash("sha256");
  hash.update(JSON.stringify(values ?? null));
  for (const path of paths) addPath(hash, path, skip);
  return hash.digest("hex");
}

/**
 * @param {string} file the stamp
 * @param {string} key
 */
export function isStamped(file, key) {
  try {
    return readFileSync(file, "utf8") === key;
  } catch {
    return false;
  }
}

/**
 * Written last: whatever was cut short has no stamp and is made anew.
 * @param {string} file
 * @param {string} key
 */
export function stamp(file, key) {
  writeFileSync(file, key);
}

/**
 * @param {import("node:crypto").Hash} hash
 * @param {string} path
 * @param {(name: string) => boolean} skip
 */
function addPath(hash, path, skip) {
  const kind = kindOf(path);
  hash.update(`\0${kind}\0`);
  if (kind === "file") {
    const content = readFileSync(path);
    hash.update(`${content.length}\0`).update(content);
  }
  if (kind === "folder") {
    for (const name of readdirSync(path).sort()) {
      if (skip(name)) continue;
      hash.update(`\0${name}`);
      addPath(hash, join(path, name), skip);
    }
    hash.update("\0end");
  }
}

/** @param {string} path */
function kindOf(path) {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) return "missing";
  return found.isDirectory() ? "folder" : "file";
}
