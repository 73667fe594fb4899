import type { App } from "./app.ts";
import type { Policy } from "./policy.ts";
import { selects } from "./selector.ts";

/** Whether a Policy speaks of an app: everything that its selector gives must match. */
export function applies(policy: Policy, app: App): boolean {
  const { segment, team, app: name, matchLabels } = policy.spec.selector ?? {};
  return (
    (segment === undefined || segment === app.spec.segment) &&
    (team === undefined || team === app.spec.team) &&
    (name === undefined || name === app.metadata.name) &&
    selects(matchLabels === undefined ? {} : { matchLabels }, app.metadata.labels)
  );
}

/** fleet < segment < team < labels < app; a Policy that gives several counts as all of them. */
function specificity({ spec: { selector = {} } }: Policy): number {
  return (
    (selector.app === undefined ? 0 : 8) +
    (selector.matchLabels === undefined ? 0 : 4) +
    (selector.team === undefined ? 0 : 2) +
    (selector.segment === undefined ? 0 : 1)
  );
}

/** The Policies that apply, least specific first; equals by name, so that the result doesn't hang on the order of creation. */
export function policiesFor(app: App, policies: readonly Policy[]): Policy[] {
  return policies
    .filter((policy) => applies(policy, app))
    .toSorted((a, b) => specificity(a) - specificity(b) || (a.metadata.name < b.metadata.name ? -1 : 1));
}
