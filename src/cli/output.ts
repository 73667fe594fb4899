import { stringify } from "yaml";

export type OutputFormat = "table" | "json" | "yaml" | "name";
export const outputFormats: readonly OutputFormat[] = ["table", "json", "yaml", "name"];

export interface Column<Row> {
  header: string;
  value: (row: Row) => string;
  align?: "left" | "right";
}

/** Columns padded to their widest cell, two spaces apart, no trailing blanks. */
export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const cells = [
    columns.map((column) => column.header),
    ...rows.map((row) => columns.map((column) => column.value(row))),
  ];
  const widths = columns.map((_, index) => Math.max(...cells.map((line) => width(line[index] ?? ""))));
  return cells
    .map((line) =>
      line
        .map((cell, index) => {
          const blanks = " ".repeat((widths[index] ?? 0) - width(cell));
          return columns[index]?.align === "right" ? blanks + cell : cell + blanks;
        })
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** Visible width: without escape sequences. */
function width(text: string): number {
  // eslint-disable-next-line no-control-regex
  return text.replace(/\u001b\[[0-9;]*m/g, "").length;
}

export function render(value: unknown, format: "json" | "yaml"): string {
  return format === "json" ? JSON.stringify(value, null, 2) : stringify(value, { lineWidth: 0 }).trimEnd();
}

/** Every monospace font has them or falls back well; the same everywhere in the CLI. Never colour alone: a word goes with each. */
export const marks = { good: "✔", bad: "✖", wait: "=", none: "○" } as const;

/** "1 file", "1,200 files". */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}

const colours = { red: 31, green: 32, yellow: 33, blue: 34, grey: 90, bold: 1 } as const;

/** Colour only for a terminal that wants it (https://no-color.org). */
export function paint(colour: keyof typeof colours, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  const wanted = stream.isTTY && process.env.NO_COLOR === undefined && process.env.TERM !== "dumb";
  return wanted ? `\u001b[${colours[colour]}m${text}\u001b[0m` : text;
}

/** "3s", "5m", "2h", "4d": as kubectl says ages. */
export function age(fromMs: number, nowMs: number): string {
  const seconds = Math.max(0, Math.round((nowMs - fromMs) / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}
