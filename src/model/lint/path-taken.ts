import { Problem } from "../problem.ts";
import type { Subject } from "./subject.ts";

/** A host and path that another app exposes too. */
export function pathTaken({ app, spec, fleet }: Subject): Problem[] {
  return (spec.expose ?? []).flatMap(({ host, path = "/" }, index) => {
    const others = [...fleet.apps.values()]
      .filter(
        ({ metadata, spec: { expose = [] } }) =>
          metadata.name !== app.metadata.name &&
          expose.some((other) => other.host === host && (other.path ?? "/") === path),
      )
      .map(({ metadata }) => metadata.name);
    const [served] = [app.metadata.name, ...others].toSorted();
    return others.length === 0
      ? []
      : [
          new Problem(
            "path-taken",
            `${host}${path} is exposed by ${others.toSorted().join(", ")} too; ${served} serves it.`,
            { field: `spec.expose[${index}].path`, found: path, accepted: "a path of its own" },
          ),
        ];
  });
}
