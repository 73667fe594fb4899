import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { outputIdentity, outputSize, previousOutput, readRange } from "./output.ts";

export interface LogOptions {
  follow: boolean;
  /** The run before the present one. */
  previous: boolean;
  tailLines?: number;
  limitBytes?: number;
  signal: AbortSignal;
}

const chunkBytes = 64 * 1024;
const followMs = 200;

/** The output of a container, from its file; with `follow` until the signal or until `ended`, over restarts. */
export async function* podLog(path: string, options: LogOptions, ended: () => boolean): AsyncGenerator<Uint8Array> {
  const file = options.previous ? previousOutput(path) : path;
  const budget = { left: options.limitBytes ?? Infinity };
  let size = outputSize(file);
  let identity = outputIdentity(file);
  let from = options.tailLines === undefined ? 0 : tailOffset(file, size, options.tailLines);
  const read = function* (name: string): Generator<Uint8Array> {
    // A restart may set the file aside between two chunks.
    while (from < size && budget.left > 0 && outputIdentity(name) === identity) {
      const bytes = readRange(name, from, Math.min(size, from + chunkBytes, from + budget.left));
      if (bytes.length === 0) return;
      from += bytes.length;
      budget.left -= bytes.length;
      yield bytes;
    }
  };
  while (!options.signal.aborted && budget.left > 0) {
    yield* read(file);
    if (!options.follow || options.previous) return;
    // Looked at before the wait, so that what was written just before the end is still read.
    const last = ended();
    if (!last) await delay(followMs, undefined, { signal: options.signal }).catch(() => undefined);
    const now = outputIdentity(file);
    if (now !== identity) {
      // Another run has begun: first what the one before still wrote.
      const aside = previousOutput(path);
      size = outputIdentity(aside) === identity ? outputSize(aside) : 0;
      yield* read(aside);
      [identity, from] = [now, 0];
    }
    size = outputSize(file);
    // The file was moved away because it had grown too large.
    if (size < from) from = 0;
    if (last && (from >= size || !existsSync(file))) return;
  }
}

/** Where the last `lines` lines of the file's first `size` bytes begin. */
export function tailOffset(path: string, size: number, lines: number): number {
  if (lines === 0) return size;
  let newlines = 0;
  for (let end = size; end > 0; end -= chunkBytes) {
    const from = Math.max(0, end - chunkBytes);
    const bytes = readRange(path, from, end);
    for (let at = bytes.length - 1; at >= 0; at--) {
      // The newline that ends the last line begins no other.
      if (bytes[at] === 10 && from + at !== size - 1 && ++newlines === lines) return from + at + 1;
    }
  }
  return 0;
}
