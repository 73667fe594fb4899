import type { App } from "../app.ts";
import { Problem } from "../problem.ts";

/** Apps that declare calls to one that is withdrawn: those calls fail from then on. At most one warning. */
export function stillCalled(name: string, apps: Iterable<App>): Problem[] {
  const callers = [...apps]
    .filter(
      ({ metadata, spec }) =>
        metadata.name !== name && spec.calls?.some((call) => "app" in call && call.app === name) === true,
    )
    .map(({ metadata }) => metadata.name)
    .toSorted();
  if (callers.length === 0) return [];
  const shown = callers.slice(0, 10).join(", ");
  const rest = callers.length > 10 ? ` and ${callers.length - 10} more` : "";
  return [
    new Problem(
      "still-called",
      `${name} is still called by ${shown}${rest}: ${callers.length === 1 ? "its calls" : "their calls"} fail once it is gone.`,
      {
        field: "spec.calls",
        found: callers,
        accepted: `callers without { app: ${name} } in their spec.calls`,
        subject: `App/${name}`,
      },
    ),
  ];
}
