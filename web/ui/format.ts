/** Numbers as people read them. Units stand in the headers; what isn't known is a dash. */

export const nothing = "–";

/** Three digits that matter: 0.04, 3.1, 48, 1,250. */
export function number(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return nothing;
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size < 0.095) return value.toFixed(2);
  if (size < 9.95) return value.toFixed(1);
  return Math.round(value).toLocaleString("en");
}

/** Percent, without the sign: 0, 0.02, 1.5, 100. Never 0 or 100 when it isn't. */
export function percent(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return nothing;
  if (value === 0 || value === 100) return String(value);
  if (value < 0.01) return "<0.01";
  if (value > 99.99) return ">99.99";
  return value < 1 ? value.toFixed(2) : value.toFixed(1);
}

/** A time that passed: `now`, `8 s`, `5 min`, `3 h`, `12 d`. */
export function age(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return nothing;
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 1) return "now";
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** A length of time as it is declared: `500 ms`, `1 s`, `1.5 s`, `2 min`, `1 h`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${ms} ms`;
  if (ms < 60_000) return `${trim(ms / 1000)} s`;
  if (ms < 3_600_000) return `${trim(ms / 60_000)} min`;
  return `${trim(ms / 3_600_000)} h`;
}

/** A time to wait, or that something took: `0:07`, `12:30`, `1:05:00`, from a day on `6 d 23 h`. */
export function clock(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const [days, hours, minutes] = [seconds / 86_400, (seconds / 3600) % 24, (seconds / 60) % 60].map(Math.floor);
  if (days! > 0) return `${days} d ${hours} h`;
  const tail = `${String(minutes).padStart(hours! > 0 ? 2 : 1, "0")}:${String(seconds % 60).padStart(2, "0")}`;
  return hours! > 0 ? `${hours}:${tail}` : tail;
}

/** `1 request`, `2 requests`, `1,024 requests`. */
export function count(amount: number, one: string, many = `${one}s`): string {
  return `${amount.toLocaleString("en")} ${amount === 1 ? one : many}`;
}

export function bytes(value: number): string {
  if (value < 1000) return `${Math.round(value)} B`;
  const units = ["kB", "MB", "GB", "TB"];
  const power = Math.min(units.length, Math.floor(Math.log10(value) / 3));
  return `${number(value / 1000 ** power)} ${units[power - 1]}`;
}

/** `a`, `a and b`, `a, b and c`. */
export function list(words: readonly string[], last = "and"): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} ${last} ${words.at(-1)}`;
}

function trim(value: number): string {
  return String(Math.round(value * 100) / 100);
}
