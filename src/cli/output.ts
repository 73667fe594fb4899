import { stringify } from "yaml";
import { columnsOf } from "./fit-line.ts";

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
  const widths = columns.map((_, index) => Math.max(...cells.map((line) => columnsOf(line[index] ?? ""))));
  return cells
    .map((line) =>
      line
        .map((cell, index) => {
          const blanks = " ".repeat((widths[index] ?? 0) - columnsOf(cell));
          return columns[index]?.align === "right" ? blanks + cell : cell + blanks;
        })
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
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

export type Colour = keyof typeof colours;
/** How a text is given a colour, if at all. */
export type Paint = (colour: Colour, text: string) => string;

export const plain: Paint = (_, text) => text;

/** Colour only for a terminal that wants it (https://no-color.org: NO_COLOR counts unless it is empty). */
export function painter(stream: Pick<NodeJS.WriteStream, "isTTY">, environment = process.env): Paint {
  const wanted = stream.isTTY && (environment.NO_COLOR ?? "") === "" && environment.TERM !== "dumb";
  return wanted ? (colour, text) => `\u001b[${colours[colour]}m${text}\u001b[0m` : plain;
}

export function paint(colour: Colour, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return painter(stream)(colour, text);
}

/** "3s", "5m", "2h", "4d": as kubectl says ages. */
export function age(fromMs: number, nowMs: number): string {
  const seconds = Math.max(0, Math.round((nowMs - fromMs) / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}
