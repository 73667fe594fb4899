import { span } from "./release-wait.ts";

/** Of `GET /api/v1/apps/NAME/rules`: by caller, what its calls bring in place of the app's values. */
export interface OwnLimits {
  cluster: string;
  callers: Record<string, { timeoutMs?: number; retries?: { attempts?: number; perTryTimeoutMs?: number } }>;
}

/** A line for each caller and what it brings; clusters are named where they differ. Pure. */
export function limitsText(clusters: readonly OwnLimits[]): string[] {
  const lines = new Map<string, string[]>();
  for (const { cluster, callers } of clusters)
    for (const [caller, { timeoutMs, retries }] of Object.entries(callers)) {
      const said = [
        ...(timeoutMs === undefined ? [] : [`timeout ${timeoutMs === 0 ? "none" : short(timeoutMs)}`]),
        ...(retries?.attempts === undefined ? [] : [`retries ${retries.attempts}`]),
        ...(retries?.perTryTimeoutMs === undefined ? [] : [`each try ${short(retries.perTryTimeoutMs)}`]),
      ];
      const line = `← ${caller}: ${said.join(", ") || "conditions of retries"}`;
      lines.set(line, [...(lines.get(line) ?? []), cluster]);
    }
  return [...lines].map(([line, where]) =>
    where.length === clusters.length ? line : `${line} (in ${where.join(", ")})`,
  );
}

function short(ms: number): string {
  return ms % 1000 === 0 ? span(ms) : `${ms} ms`;
}
