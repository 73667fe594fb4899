import { closeSync, copyFileSync, openSync, readSync, statSync, truncateSync } from "node:fs";

/** Output of a container is kept to two files of this size: `NAME.log` and, older, `NAME.log.1`. */
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
export function outputTail(path: string, from = 0, lines = 8): string {
  const size = outputSize(path);
  if (size <= from) return "";
  const text = readRange(path, Math.max(from, size - 2048), size).toString("utf8");
  return text.trimEnd().split("\n").slice(-lines).join("\n");
}
