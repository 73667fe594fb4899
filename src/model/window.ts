import { Type } from "typebox";
import type { Static } from "typebox";
import { document } from "./metadata.ts";
import { closed, instant, LabelSelector, oneOf, optional } from "./schema.ts";

const clockTime = { pattern: "^([01]\\d|2[0-3]):[0-5]\\d$", "x-expects": "a time of day such as 09:30" };

export const WindowSpec = closed({
  mode: oneOf(
    ["freeze", "allow"],
    "freeze: no release starts during it. allow: releases start only during one of the windows that allow.",
  ),
  once: optional(
    closed(
      {
        from: instant("Begin."),
        to: instant("End."),
      },
      { description: "A single span." },
    ),
  ),
  weekly: optional(
    closed(
      {
        days: Type.Array(oneOf(["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "Day of the week."), { minItems: 1 }),
        from: Type.String({ ...clockTime, description: "Begin, local time." }),
        to: Type.String({ ...clockTime, description: "End, local time; before `from`: on the next day." }),
        timeZone: Type.String({ minLength: 1, description: "IANA time zone such as America/Bogota." }),
      },
      { description: "Every week." },
    ),
  ),
  apps: optional(
    closed(
      {
        segment: optional(Type.String({ minLength: 1 })),
        team: optional(Type.String({ minLength: 1 })),
        app: optional(Type.String({ minLength: 1 })),
        matchLabels: optional(Type.Record(Type.String(), Type.String())),
      },
      { description: "Which apps. Default: all." },
    ),
  ),
  clusters: optional(LabelSelector),
  reason: optional(Type.String({ maxLength: 1000, description: "Shown to whoever is stopped by it." })),
});
export const Window = document("Window", WindowSpec, "When deployments are frozen or allowed.");
export type Window = Static<typeof Window>;
