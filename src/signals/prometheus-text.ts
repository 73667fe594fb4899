/** One line of Prometheus' text format (https://prometheus.io/docs/instrumenting/exposition_formats/). */
export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** Samples of a page, in its order. Comments and lines that aren't samples are passed over; time stamps are left out. */
export function* parseText(text: string): Generator<Sample> {
  let start = 0;
  while (start < text.length) {
    let end = text.indexOf("\n", start);
    if (end === -1) end = text.length;
    const sample = text[start] === "#" ? undefined : parseLine(text.slice(start, end));
    if (sample !== undefined) yield sample;
    start = end + 1;
  }
}

const line = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})?[ \t]+(\S+)/;
const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g;

function parseLine(text: string): Sample | undefined {
  const match = line.exec(text);
  if (match === null) return undefined;
  const value = numberOf(match[3]!);
  if (value === undefined) return undefined;
  const labels: Record<string, string> = {};
  if (match[2] !== undefined)
    for (const [, name, raw] of match[2].matchAll(label)) labels[name!] = raw!.includes("\\") ? unescape(raw!) : raw!;
  return { name: match[1]!, labels, value };
}

function numberOf(text: string): number | undefined {
  if (text === "+Inf") return Infinity;
  if (text === "-Inf") return -Infinity;
  const value = Number(text);
  return Number.isNaN(value) && text !== "NaN" ? undefined : value;
}

function unescape(text: string): string {
  return text.replaceAll(/\\(.)/g, (_, letter: string) => (letter === "n" ? "\n" : letter));
}
