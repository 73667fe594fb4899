/** Files that only their owner may read. */
import { randomUUID } from "node:crypto";
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

export interface PrivateFileOptions {
  /** An existing file stays, and EEXIST is thrown. */
  exclusive?: boolean;
  /** Safe from a power failure when this returns; otherwise from a crash of the process alone. */
  durable?: boolean;
}

/** Writes the whole file or nothing: to a temporary name, then moved in place; 0600, in folders that are made with 0700. */
export function writePrivate(path: string, text: string, options: PrivateFileOptions = {}): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${randomUUID()}`;
  try {
    const file = openSync(temporary, "wx", 0o600);
    try {
      writeFileSync(file, text);
      if (options.durable) fsyncSync(file);
    } finally {
      closeSync(file);
    }
    if (!options.exclusive) return renameSync(temporary, path);
    linkSync(temporary, path);
    unlinkSync(temporary);
  } catch (error) {
    discard(temporary);
    throw error;
  }
}

function discard(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It was never made.
  }
}

export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}
