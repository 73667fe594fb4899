import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * A fleet's block of 127.0.0.0/8: a /12, so that fifteen fleets run side by side and each has fifteen clusters
 * of a /16. 127.0.0.0/12 is left alone, since 127.0.0.1 and 127.0.0.53 live there.
 */
export const blocks: readonly number[] = Array.from({ length: 15 }, (_, index) => (index + 1) * 16);

/** `<net>` of a cluster: the first two octets. `index` counts from 1; 0 stays free. */
export function networkOf(block: number, index: number): string {
  if (index < 1 || index > 15) throw new RangeError(`a fleet has room for 15 clusters, not for number ${index}`);
  return `127.${block + index}`;
}

/** Private ports of the apps of one cluster: below Linux' ephemeral range (32768), disjoint between fleets and clusters. */
export function portRangeOf(block: number, index: number): [number, number] {
  const perCluster = 100;
  const from = 10_000 + ((block / 16 - 1) * 15 + (index - 1)) * perCluster;
  return [from, from + perCluster - 1];
}

/**
 * Claims a free block for `home` and returns it; a home that has one keeps it. A claim is a file made with O_EXCL,
 * so two fleets that start at once can't get the same. A claim counts only while its home says the same block.
 */
export function claimBlock(claimsDir: string, home: string, isHeld: (home: string, block: number) => boolean): number {
  mkdirSync(claimsDir, { recursive: true, mode: 0o700 });
  // Its own before any that became free: pods of an earlier start may still run there.
  const own = blocks.find((block) => read(join(claimsDir, String(block))) === home);
  if (own !== undefined) return own;
  for (const block of blocks) {
    const path = join(claimsDir, String(block));
    const holder = read(path);
    if (holder !== undefined && isHeld(holder, block)) continue;
    if (holder !== undefined) rmSync(path, { force: true });
    try {
      writeFileSync(path, home, { flag: "wx", mode: 0o600 });
      return block;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
  throw new Error(
    `all ${blocks.length} address blocks of 127.0.0.0/8 are in use; stop a fleet with "quipu down" (claims: ${claimsDir})`,
  );
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
}
