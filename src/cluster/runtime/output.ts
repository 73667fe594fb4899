import { closeSync, copyFileSync, openSync, readSync, renameSync, rmSync, statSync, truncateSync } from "node:fs";

/** Output of a container's run is kept to two files of this size: `NAME.log` and, older, `NAME.log.1`. That of the run before is `NAME.log.previous`. */
export const maxOutputBytes = 5_000_000;

/** Moves output away when the file has grown too large. The process goes on writing to the same, now empty, file: it is open for appending. */
export function boundOutput(path: string, limit = maxOutputBytes): void {
  try {
    if (statSync(path).size <= limit) return;
    copyFileSync(path, `${path}.1`);
    truncateSync(path);
  } catch {
    // Not written yet.
  }
}

/** A new run begins: what the one before wrote is set aside, in place of what the one before that did. */
export function setOutputAside(path: string): void {
  if (outputSize(path) === 0) return;
  renameSync(path, previousOutput(path));
  rmSync(`${path}.1`, { force: true });
}

export function previousOutput(path: string): string {
  return `${path}.previous`;
}

/** Which file it is, whatever its name; undefined when there is none. */
export function outputIdentity(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}

/** Size of the file in bytes; 0 when there is none. */
export function outputSize(path: string): number {
  try {
    return statSync(path).size;
  } catch {
    return 0;
  }
}

/** Bytes `from` to `to` of a file; fewer when it has become shorter. */
export function readRange(path: string, from: number, to: number): Buffer {
  const buffer = Buffer.alloc(Math.max(0, to - from));
  const file = openSync(path, "r");
  try {
    return buffer.subarray(0, readSync(file, buffer, 0, buffer.length, from));
  } finally {
    closeSync(file);
  }
}

/** The last lines of a container's output, at most `lines` and 2 kB: what a termination message quotes. */
export function outputTail(path: string, lines = 8): string {
  const size = outputSize(path);
  if (size === 0) return "";
  const text = readRange(path, Math.max(0, size - 2048), size).toString("utf8");
  return text.trimEnd().split("\n").slice(-lines).join("\n");
}
