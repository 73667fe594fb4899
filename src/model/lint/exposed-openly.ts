import { Problem } from "../problem.ts";
import type { Subject } from "./subject.ts";

/** Hosts and paths that anybody may reach, or that are served in plain text. */
export function exposedOpenly({ app, spec, fleet }: Subject): Problem[] {
  const secured = new Set(
    [...fleet.apps.values()].flatMap(({ spec: { expose = [] } }) =>
      expose.filter(({ tls }) => tls !== undefined).map(({ host }) => host),
    ),
  );
  return (spec.expose ?? []).flatMap(({ host, path = "/", jwt, tls }, index) => {
    const field = `spec.expose[${index}]`;
    return [
      ...(jwt === undefined
        ? [
            new Problem(
              "exposed-without-authentication",
              `${host}${path} of ${app.metadata.name} is open to anybody.`,
              { field: `${field}.jwt`, accepted: "the name of a TokenIssuer" },
            ),
          ]
        : []),
      // One certificate serves the host, whichever of its apps names it.
      ...(tls === undefined && !secured.has(host)
        ? [
            new Problem("exposed-without-tls", `${host} is served in plain text.`, {
              field: `${field}.tls`,
              accepted: "{ secret: NAME }",
            }),
          ]
        : []),
    ];
  });
}
