import { Type, type Static } from "typebox";
import { closed, instant, name, optional } from "./schema.ts";

/**
 * Whether what somebody changes by hand in a cluster is put right. A pause always has an end: one that is forgotten is
 * worse than what it was made for.
 */
export const HealingSpec = closed(
  {
    paused: optional(
      Type.Array(
        closed({
          until: instant("When it ends by itself, and everything is put right at once."),
          apps: optional(
            Type.Array(name("Name of an App."), {
              minItems: 1,
              maxItems: 100,
              description: "Only the objects of these apps. Default: everything in the cluster.",
            }),
          ),
          why: optional(Type.String({ maxLength: 1000, description: "Shown to whoever looks at the cluster." })),
        }),
        {
          maxItems: 50,
          description:
            "Pauses. While one lasts, what is changed by hand is seen and shown, and left as it is. Releases go on.",
        },
      ),
    ),
  },
  { description: "Putting right what is changed by hand. Default: always." },
);
export type HealingSpec = Static<typeof HealingSpec>;

/** A pause as it is looked at: `until` is Unix ms, by the clock of whoever looks. */
export interface HealingPause {
  until: number;
  /** Absent: everything in the cluster. */
  apps?: readonly string[];
  why?: string;
}

export function pausesOf(healing: HealingSpec | undefined): HealingPause[] {
  return (healing?.paused ?? []).map(({ until, apps, why }) => ({
    until: Date.parse(until),
    ...(apps !== undefined && { apps }),
    ...(why !== undefined && { why }),
  }));
}

/** Those that last at `now`. */
export function lasting(pauses: readonly HealingPause[], now: number): HealingPause[] {
  return pauses.filter(({ until }) => until > now);
}

/** The one that holds longest for an app's objects, or (undefined) for what belongs to no single app. */
export function pauseOf(
  pauses: readonly HealingPause[],
  app: string | undefined,
  now: number,
): HealingPause | undefined {
  return lasting(pauses, now)
    .filter(({ apps }) => apps === undefined || (app !== undefined && apps.includes(app)))
    .toSorted((a, b) => b.until - a.until)[0];
}
