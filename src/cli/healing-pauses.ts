import type { HealingSpec } from "../model/healing.ts";
import { CliError } from "./cli-error.ts";

type Pause = NonNullable<HealingSpec["paused"]>[number];

/** With one pause more, in place of what paused the same before. Those that have ended go. Pure. */
export function withPause(pauses: readonly Pause[], pause: Pause, now: number): Pause[] {
  const { apps } = pause;
  const others =
    apps === undefined
      ? pauses.filter((each) => each.apps !== undefined)
      : pauses.flatMap((each) => without(each, apps));
  return [...lasting(others, now), pause];
}

/** Without the pauses of these apps, or (undefined) any. Throws when everything is paused, and only some shall go on. */
export function withoutPause(pauses: readonly Pause[], apps: readonly string[] | undefined, now: number): Pause[] {
  const there = lasting(pauses, now);
  if (apps === undefined) return [];
  const all = there.find((each) => each.apps === undefined);
  if (all !== undefined)
    throw new CliError(
      "conflict",
      `healing of everything there is paused until ${all.until}: an app can't be left out of that`,
      "Resume it without --app, then pause it for the apps that it shall be paused for.",
    );
  return there.flatMap((each) => without(each, apps));
}

/** Of a pause, what it is beside these apps. */
function without(pause: Pause, apps: readonly string[]): Pause[] {
  if (pause.apps === undefined) return [pause];
  const left = pause.apps.filter((app) => !apps.includes(app));
  return left.length === 0 ? [] : [{ ...pause, apps: left }];
}

function lasting(pauses: readonly Pause[], now: number): Pause[] {
  return pauses.filter(({ until }) => Date.parse(until) > now);
}
