import type { App } from "../model/app.ts";
import { placedIn } from "../model/effective.ts";
import { lint } from "../model/lint/lint.ts";
import { Problem } from "../model/problem.ts";
import type { ReadTx } from "../store/store.ts";
import type { World } from "./world.ts";

/** Everything that is legal in an App but probably wrong: lint, and what this fleet can't do yet. */
export async function appWarnings(app: App, world: World, tx: ReadTx): Promise<Problem[]> {
  const apps = new Map((await tx.all("App")).map((object) => [object.name, object.body as unknown as App]));
  apps.set(app.metadata.name, app);
  return [
    ...lint(app, { apps, segments: world.segments, clusters: world.clusters, policies: world.policies }),
    ...elsewhere(app, apps, world),
    ...undeclaredSegment(app, world),
  ];
}

/** Calls from clusters where the callee doesn't run. */
function elsewhere(app: App, apps: ReadonlyMap<string, App>, world: World): Problem[] {
  const placed = placedIn(app, world.segments.get(app.spec.segment), world.clusters);
  return (app.spec.calls ?? []).flatMap((call, index) => {
    const callee = "host" in call ? undefined : apps.get(call.app);
    if (callee === undefined) return [];
    const there = placedIn(callee, world.segments.get(callee.spec.segment), world.clusters);
    const without = placed.filter((cluster) => !there.includes(cluster));
    if (without.length === 0) return [];
    const name = callee.metadata.name;
    return [
      new Problem(
        "callee-elsewhere",
        `${name} doesn't run in ${without.join(", ")}, where ${app.metadata.name} does; calls from there have no endpoint yet.`,
        {
          field: `spec.calls[${index}].app`,
          found: name,
          accepted: "the same clusters",
          subject: `App/${app.metadata.name}`,
        },
      ),
    ];
  });
}

function undeclaredSegment(app: App, world: World): Problem[] {
  const { segment } = app.spec;
  if (world.segments.has(segment)) return [];
  return [
    new Problem("missing-segment", `Segment ${segment} isn't declared; its defaults are the fleet's.`, {
      field: "spec.segment",
      found: segment,
      subject: `App/${app.metadata.name}`,
    }),
  ];
}
