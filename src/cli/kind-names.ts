import { declaredKinds, findDeclaredKind } from "../model/kinds.ts";
import { CliError } from "./cli-error.ts";

export const kindPlurals = Object.values(declaredKinds).map(({ plural }) => plural);

/** What a user calls a kind (kind, plural, singular, short name) → its plural in URLs. */
export function pluralOf(word: string): string {
  const found = findDeclaredKind(word);
  if (found === undefined)
    throw new CliError(
      "usage",
      `"${word}" is no kind that quipu knows`,
      `Accepted: ${kindPlurals.join(", ")} (or singular).`,
    );
  return found.plural;
}
