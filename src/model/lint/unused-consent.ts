import { Problem } from "../problem.ts";
import type { Subject } from "./subject.ts";

/** Consent that admits nobody: no such call is declared, or none is needed. */
export function unusedConsent({ app, spec, fleet }: Subject): Problem[] {
  return (spec.access?.callers ?? []).flatMap(({ app: name }, index) => {
    const caller = fleet.apps.get(name);
    const calls = caller?.spec.calls?.some((call) => "app" in call && call.app === app.metadata.name) ?? false;
    const why =
      caller === undefined
        ? `there is no app ${name}`
        : caller.spec.segment === spec.segment
          ? `${name} is of the same segment and needs none`
          : calls
            ? undefined
            : `${name} declares no call to ${app.metadata.name}`;
    return why === undefined
      ? []
      : [
          new Problem("unused-consent", `The consent is unused: ${why}.`, {
            field: `spec.access.callers[${index}]`,
            found: name,
            accepted: "an app of another segment that declares the call",
          }),
        ];
  });
}
