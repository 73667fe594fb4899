import type { App } from "../model/app.ts";
import { placedIn } from "../model/effective.ts";
import { Problem } from "../model/problem.ts";
import type { ReadTx } from "../store/store.ts";
import type { World } from "./world.ts";

/** What is legal but will not do what it says yet: calls to apps that don't exist, without consent, or that run elsewhere. */
export async function callWarnings(app: App, world: World, tx: ReadTx): Promise<Problem[]> {
  const subject = `App/${app.metadata.name}`;
  const placed = placedIn(app, world.segments.get(app.spec.segment), world.clusters);
  const warnings: Problem[] = [];
  for (const [index, call] of (app.spec.calls ?? []).entries()) {
    if ("host" in call) continue;
    const field = `spec.calls[${index}].app`;
    const callee = (await tx.get("App", call.app))?.body as unknown as App | undefined;
    if (callee === undefined) {
      warnings.push(new Problem("missing-callee", `${call.app} doesn't exist yet. The call opens when it does.`, { field, found: call.app, subject }));
      continue;
    }
    if (callee.spec.segment !== app.spec.segment && !(callee.spec.access?.callers ?? []).some((caller) => caller.app === app.metadata.name)) {
      warnings.push(new Problem("missing-consent", `${call.app} lies in segment ${callee.spec.segment} and doesn't name ${app.metadata.name} in access.callers. The call stays closed until it does.`, { field, found: call.app, accepted: `access: { callers: [{ app: ${app.metadata.name} }] } in ${call.app}`, subject }));
    }
    const there = placedIn(callee, world.segments.get(callee.spec.segment), world.clusters);
    const without = placed.filter((cluster) => !there.includes(cluster));
    if (without.length > 0) warnings.push(new Problem("callee-elsewhere", `${call.app} doesn't run in ${without.join(", ")}, where ${app.metadata.name} does; calls from there have no endpoint yet.`, { field, found: call.app, accepted: "the same clusters", subject }));
  }
  if (!world.segments.has(app.spec.segment)) warnings.push(new Problem("missing-segment", `Segment ${app.spec.segment} isn't declared; its defaults are the fleet's.`, { field: "spec.segment", found: app.spec.segment, subject }));
  return warnings;
}

/** Everything that is legal in an App but probably wrong. */
export async function appWarnings(app: App, world: World, tx: ReadTx): Promise<Problem[]> {
  return callWarnings(app, world, tx);
}
