import { closeSync, existsSync, openSync, readFileSync, writeSync } from "node:fs";

const format = /^(\S+) (\d+)\s*$/;
/** Long enough for any revision, so that a new mark covers the old one entirely. */
const width = 64;

/**
 * How far a store was written, in a file beside it, told after each commit. SQLite silently drops the tail of a
 * write-ahead log from the first frame on that doesn't match its checksum (https://www.sqlite.org/walformat.html), which
 * is right after a power failure and hides damage otherwise. As long as the machine hasn't been started anew, whatever a
 * process wrote is still in the kernel's hands: then a store that ends before its mark has lost commits.
 */
export class CommitMark {
  readonly path: string;
  readonly #boot: string;
  #file: number | undefined;

  /** `boot` names the machine's present run. */
  constructor(storePath: string, boot: string) {
    this.path = `${storePath}-mark`;
    this.#boot = boot;
  }

  /** The revision up to which the store was written for sure; 0 when nothing is known. */
  read(): number {
    let text: string;
    try {
      text = readFileSync(this.path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0;
      throw error;
    }
    const [, boot, revision] = format.exec(text) ?? [];
    return boot === this.#boot ? Number(revision) : 0;
  }

  exists(): boolean {
    return existsSync(this.path);
  }

  /** A mark that can't be written only guards less: what it tells of is committed, and must not seem to have failed. */
  write(revision: number): void {
    try {
      this.#file ??= openSync(this.path, "w", 0o600);
      writeSync(this.#file, `${this.#boot} ${revision}`.padEnd(width), 0);
    } catch {
      this.close();
    }
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}

/** Linux' name for the machine's present run. */
export function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}
