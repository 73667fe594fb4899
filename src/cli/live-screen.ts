import { fit } from "./fit-line.ts";

type Stream = Pick<NodeJS.WriteStream, "isTTY" | "write" | "columns" | "rows">;

/** Whether a drawing can be put in place of the one before. */
export function isLive(stream: Pick<NodeJS.WriteStream, "isTTY">, environment = process.env): boolean {
  return stream.isTTY && environment.TERM !== "dumb";
}

/**
 * A drawing of some lines that the next one replaces where it stands. Lines are overwritten, not cleared first, so that
 * nothing flickers; each write is one whole drawing. The cursor rests below it: whoever ends leaves a clean terminal.
 */
export class LiveScreen {
  #drawn: readonly string[] = [];
  #columns = 0;
  readonly #stream: Stream;

  constructor(stream: Stream) {
    this.#stream = stream;
  }

  get columns(): number {
    return this.#stream.columns ?? 80;
  }

  /** Lines that fit without the top scrolling away; the cursor needs one. */
  get rows(): number {
    return Math.max(2, (this.#stream.rows ?? 24) - 1);
  }

  draw(lines: readonly string[]): void {
    const fitting = lines.slice(0, this.rows).map((line) => fit(line, this.columns));
    const before = this.#drawn;
    // A terminal that was made narrower has broken the old lines: where they begin is not known any more.
    const up = this.#columns === this.columns ? before.length : Math.min(before.length, this.rows);
    if (this.#columns === this.columns && same(before, fitting)) return;
    const text = fitting.map((line) => `${line}\u001b[K\n`).join("");
    this.#stream.write(`${up > 0 ? `\r\u001b[${up}A` : ""}${text}\u001b[J`);
    this.#drawn = fitting;
    this.#columns = this.columns;
  }

  /** Lines that stay, in place of the drawing; taller ones than the terminal too. */
  leave(lines: readonly string[]): void {
    const up = this.#drawn.length;
    this.#stream.write(`${up > 0 ? `\r\u001b[${up}A\u001b[J` : ""}${lines.map((line) => `${line}\n`).join("")}`);
    this.#drawn = [];
  }
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((line, index) => line === b[index]);
}
