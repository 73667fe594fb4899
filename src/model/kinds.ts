import type { TSchema } from "typebox";
import { App } from "./app.ts";
import { Cluster } from "./cluster.ts";
import { Policy } from "./policy.ts";
import { Release } from "./release.ts";
import { Segment } from "./segment.ts";
import { Team } from "./team.ts";
import { TokenIssuer } from "./token-issuer.ts";
import { Window } from "./window.ts";

export type KindName = "App" | "Cluster" | "Policy" | "Release" | "Segment" | "Team" | "TokenIssuer" | "Window";
export type Document = App | Cluster | Policy | Release | Segment | Team | TokenIssuer | Window;

/** A kind that users declare (Release: read). None is namespaced. */
export interface DeclaredKind {
  readonly kind: KindName;
  /** Name in URLs and in the CLI. */
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly schema: TSchema;
  /** False: only the server writes it. */
  readonly writable: boolean;
}

function declare(
  kind: KindName,
  plural: string,
  shortNames: readonly string[],
  schema: TSchema,
  writable = true,
): DeclaredKind {
  return Object.freeze({ kind, plural, singular: kind.toLowerCase(), shortNames, schema, writable });
}

export const declaredKinds: Readonly<Record<KindName, DeclaredKind>> = Object.freeze({
  App: declare("App", "apps", [], App),
  Cluster: declare("Cluster", "clusters", ["cl"], Cluster),
  Policy: declare("Policy", "policies", ["pol"], Policy),
  Release: declare("Release", "releases", ["rel"], Release, false),
  Segment: declare("Segment", "segments", ["seg"], Segment),
  Team: declare("Team", "teams", [], Team),
  TokenIssuer: declare("TokenIssuer", "tokenissuers", ["ti"], TokenIssuer),
  Window: declare("Window", "windows", ["win"], Window),
});

/** By kind, plural, singular or short name, whatever the case; undefined when there is none. */
export function findDeclaredKind(word: string): DeclaredKind | undefined {
  const wanted = word.toLowerCase();
  return Object.values(declaredKinds).find(
    ({ plural, singular, shortNames }) => plural === wanted || singular === wanted || shortNames.includes(wanted),
  );
}
