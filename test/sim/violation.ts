/** The invariants of a release, each under the name that a failing run prints. */
export type Invariant =
  | "weights sum to 100"
  | "weight without subset"
  | "weight without ready capacity"
  | "scaled before weight"
  | "good stays"
  | "three revisions"
  | "journal before rows"
  | "replay"
  | "wait tells all"
  | "route names a subset"
  | "nothing serves"
  | "removed while used"
  | "removed before it drained"
  | "call without permission"
  | "open edge without permission"
  | "ends"
  | "outcome"
  | "at rest"
  | "error";

export class Violation extends Error {
  readonly invariant: Invariant;
  constructor(invariant: Invariant, detail: string) {
    super(detail);
    this.invariant = invariant;
  }
}
