import { durationMs, formatDuration } from "../duration.ts";
import { Problem } from "../problem.ts";
import type { Subject } from "./subject.ts";

/**
 * The App sets a timeout or retries that some callers don't get, since their calls bring their own: whoever edits the
 * App's value expects it to hold for everybody.
 */
export function callerOverrides({ app, spec, fleet }: Subject): Problem[] {
  const { name } = app.metadata;
  const calls = [...fleet.apps.values()]
    .filter((caller) => caller.metadata.name !== name)
    .flatMap((caller) =>
      (caller.spec.calls ?? []).flatMap((call) =>
        "app" in call && call.app === name ? [{ caller: caller.metadata.name, call }] : [],
      ),
    );
  const says = (part: "timeout" | "retries") =>
    spec.traffic?.[part] !== undefined ||
    (spec.overrides ?? []).some((override) => override.spec.traffic?.[part] !== undefined);
  const problem = (part: "timeout" | "retries", own: readonly { caller: string; said: string }[]) =>
    !says(part) || own.length === 0
      ? []
      : [
          new Problem(
            "caller-overrides",
            `The ${part} of ${name} ${part === "timeout" ? "isn't" : "aren't"} what ${own.map(({ caller, said }) => `${caller}${said}`).join(", ")} ${own.length === 1 ? "gets: its calls set" : "get: their calls set"} another.`,
            {
              field: `spec.traffic.${part}`,
              found: [...new Set(own.map(({ caller }) => caller))],
              accepted: `calls to ${name} without ${part}, if its own shall hold`,
            },
          ),
        ];
  return [
    ...problem(
      "timeout",
      calls.flatMap(({ caller, call }) =>
        call.timeout === undefined ? [] : [{ caller, said: ` (${formatDuration(durationMs(call.timeout))})` }],
      ),
    ),
    ...problem(
      "retries",
      calls.flatMap(({ caller, call }) => (call.retries === undefined ? [] : [{ caller, said: "" }])),
    ),
  ];
}
