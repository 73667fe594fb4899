import { permitted } from "../permission.ts";
import { Problem } from "../problem.ts";
import { rosterOf } from "../roster.ts";
import { suggest } from "../suggest.ts";
import type { Subject } from "./subject.ts";

/** Calls that stay closed for now: the callee doesn't exist, or doesn't consent. The order of creation is free, so both are warnings. */
export function unansweredCalls({ app, spec, fleet }: Subject): Problem[] {
  const roster = (of: typeof app) =>
    rosterOf(of, { revisions: [], segmentOf: (name) => fleet.apps.get(name)?.spec.segment });
  return (spec.calls ?? []).flatMap((call, index) => {
    if ("host" in call) return [];
    const field = `spec.calls[${index}].app`;
    const callee = fleet.apps.get(call.app);
    if (callee === undefined) {
      const near = suggest(
        call.app,
        [...fleet.apps.keys()].filter((name) => name !== app.metadata.name),
      );
      return [
        new Problem(
          "missing-callee",
          `There is no app ${call.app} yet; the call opens when it appears.${near === undefined ? "" : ` Did you mean ${near}?`}`,
          { field, found: call.app, accepted: near ?? "an app" },
        ),
      ];
    }
    if (permitted(roster(callee), roster(app)) !== undefined) return [];
    return [
      new Problem(
        "missing-consent",
        `${call.app} is of segment ${callee.spec.segment} and doesn't consent to this call; it stays closed.`,
        { field, found: call.app, accepted: `access.callers of ${call.app} with { app: ${app.metadata.name} }` },
      ),
    ];
  });
}
