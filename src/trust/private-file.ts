/** Files that only their owner may read. */
import { mkdir, open, link, rename, unlink } from "node:fs/promises";
import { randomUUID } from "node:crypto";
import { dirname } from "node:path";

/**
 * Writes the whole file or nothing: to a temporary name, synced, then moved in place; 0600 in a 0700 folder.
 * With `exclusive` an existing file stays and EEXIST is thrown.
 */
export async function writePrivate(path: string, text: string, options: { exclusive?: boolean } = {}): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${randomUUID()}`;
  const file = await open(temporary, "wx", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  if (!options.exclusive) return rename(temporary, path);
  try {
    await link(temporary, path);
  } finally {
    await unlink(temporary);
  }
}

export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}
