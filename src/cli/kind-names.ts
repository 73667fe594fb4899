import { CliError } from "./cli-error.ts";

/** What `get`, `describe` and `delete` call a kind → its plural in URLs. */
const names: Record<string, readonly string[]> = {
  apps: ["app", "apps"],
  teams: ["team", "teams"],
  segments: ["segment", "segments", "seg"],
  clusters: ["cluster", "clusters"],
  releases: ["release", "releases", "rel"],
  policies: ["policy", "policies", "pol"],
  tokenissuers: ["tokenissuer", "tokenissuers", "issuer", "issuers"],
  windows: ["window", "windows"],
};

export const kindPlurals = Object.keys(names);

export function pluralOf(word: string): string {
  const lower = word.toLowerCase();
  for (const [plural, words] of Object.entries(names)) if (words.includes(lower)) return plural;
  throw new CliError("usage", `"${word}" is no kind that quipu knows`, `Accepted: ${kindPlurals.join(", ")} (or singular).`);
}

/** `App` → `apps`. */
export function pluralOfKind(kind: string): string {
  return pluralOf(kind);
}
