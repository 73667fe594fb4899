/** Edits (insert, delete, replace, swap of neighbours) between two texts: optimal string alignment distance. */
export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let best = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, before[j - 2]! + 1);
      row.push(best);
    }
    before = last;
    last = row;
  }
  return last[b.length]!;
}

/** The known word that was probably meant: nearest by edits, at most a third of its length away; case, '-' and '_' count for nothing. */
export function suggest(found: string, known: readonly string[]): string | undefined {
  const plain = (word: string) => word.toLowerCase().replaceAll(/[-_\s]/g, "");
  let best: { word: string; distance: number } | undefined;
  for (const word of known) {
    const distance = editDistance(plain(found), plain(word));
    if (best === undefined || distance < best.distance) best = { word, distance };
  }
  if (best !== undefined && best.distance <= Math.max(1, Math.floor(best.word.length / 3))) return best.word;
  const inside = known.filter((word) => found.length >= 3 && plain(word).startsWith(plain(found)));
  return inside.length === 1 ? inside[0] : undefined;
}
