import { declaredKinds, findDeclaredKind } from "../model/kinds.ts";
import { suggest } from "../model/suggest.ts";
import { CliError } from "./cli-error.ts";

export const kindPlurals = Object.values(declaredKinds).map(({ plural }) => plural);

/** What a user calls a kind (kind, plural, singular, short name) → its plural in URLs. */
export function pluralOf(word: string): string {
  const found = findDeclaredKind(word);
  if (found === undefined) {
    const near = suggest(word, kindPlurals);
    throw new CliError(
      "usage",
      `"${word}" is no kind that quipu knows${near === undefined ? "" : ` (did you mean ${near}?)`}`,
      `Accepted: ${kindPlurals.join(", ")} (or singular).`,
    );
  }
  return found.plural;
}
