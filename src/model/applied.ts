import type { Seen } from "./rows.ts";

/**
 * Why a cluster doesn't have what an app's release wrote at a store revision, in words; undefined: it has that, and all
 * that was written before it and has to do with the app. What other apps' objects wait for, or are refused for, doesn't count.
 */
export function lacking(
  { applied, beyond }: Pick<Seen, "applied" | "beyond">,
  app: string,
  revision: number,
): string | undefined {
  if (revision <= applied) return undefined;
  if (beyond === undefined || revision > beyond.upTo) return "not applied yet";
  const missing = beyond.missing.filter(
    ({ from, to, apps }) => from <= revision && (revision <= to || apps === undefined || apps.includes(app)),
  );
  if (missing.length === 0) return undefined;
  return missing.find(({ error }) => error !== undefined)?.error ?? "not applied yet";
}
