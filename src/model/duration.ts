/** Durations as people write them: a number with ms, s, m or h; parts may follow each other (`1m30s`). */
const part = /(\d+(?:\.\d+)?)(ms|s|m|h)/y;
const factor: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** The same rule for JSON Schema. */
export const durationPattern = "^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$";

/** Milliseconds, or undefined when the text isn't a duration. */
export function parseDuration(text: string): number | undefined {
  let total = 0;
  let at = 0;
  while (at < text.length) {
    part.lastIndex = at;
    const match = part.exec(text);
    if (match === null) return undefined;
    total += Number(match[1]) * factor[match[2]!]!;
    at = part.lastIndex;
  }
  return text === "" ? undefined : total;
}

/** Milliseconds of a text that validation has already accepted. Throws a RangeError for any other. */
export function durationMs(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new RangeError(`not a duration: ${JSON.stringify(text)}`);
  return ms;
}

/** `90000` → `1m30s`: the way people write it. */
export function formatDuration(ms: number): string {
  if (ms === 0) return "0s";
  let rest = ms;
  let text = "";
  for (const unit of ["h", "m", "s", "ms"]) {
    const count = unit === "ms" ? rest : Math.floor(rest / factor[unit]!);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * factor[unit]!;
  }
  return text;
}

const words: Record<string, string> = {
  sec: "s",
  secs: "s",
  second: "s",
  seconds: "s",
  S: "s",
  min: "m",
  mins: "m",
  minute: "m",
  minutes: "m",
  M: "m",
  hr: "h",
  hrs: "h",
  hour: "h",
  hours: "h",
  H: "h",
  msec: "ms",
  millis: "ms",
  milliseconds: "ms",
  MS: "ms",
  Ms: "ms",
};

/** What was probably meant by a text or number that isn't a duration: `3 sec` → `3s`. */
export function suggestDuration(found: unknown): string | undefined {
  if (typeof found === "number") return Number.isFinite(found) && found >= 0 ? `${found}s or ${found}ms` : undefined;
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]*)\s*$/.exec(String(found));
  if (match === null) return undefined;
  const [, number, unit] = match;
  if (unit === "") return `${number}s or ${number}ms`;
  const meant = Object.hasOwn(factor, unit!) ? unit : words[unit!];
  return meant === undefined ? undefined : `${number}${meant}`;
}
