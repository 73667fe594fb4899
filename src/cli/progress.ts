import { marks, paint } from "./output.ts";

/**
 * One line on stderr that is rewritten in place on a terminal; elsewhere a line for each change, so that a log of
 * CI stays readable.
 */
export class Progress {
  #text = "";
  #last = "";
  #timer: NodeJS.Timeout | undefined;
  #tick = 0;
  readonly #stream: NodeJS.WriteStream;
  readonly #started = Date.now();

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#stream = stream;
  }

  /** `tail` is what only a terminal gets to see change, such as a time that runs down. */
  update(text: string, tail = ""): void {
    const line = text + tail;
    if (text === this.#text && (line === this.#last || !this.#stream.isTTY)) return;
    this.#text = text;
    this.#last = line;
    if (!this.#stream.isTTY) {
      this.#stream.write(`${line}\n`);
      return;
    }
    this.#draw();
    this.#timer ??= setInterval(() => this.#draw(), 120);
    this.#timer.unref();
  }

  /** Lines that stay, above the one that is rewritten. */
  note(lines: readonly string[]): void {
    if (this.#stream.isTTY) this.#stream.write("\r\u001b[2K");
    for (const line of lines) this.#stream.write(`${line}\n`);
    if (this.#stream.isTTY && this.#timer !== undefined) this.#draw();
  }

  /** Ends the line with a mark and the time it took. */
  done(text: string, ok = true): void {
    clearInterval(this.#timer);
    const seconds = ((Date.now() - this.#started) / 1000).toFixed(1);
    const mark = ok ? paint("green", marks.good, this.#stream) : paint("red", marks.bad, this.#stream);
    this.#stream.write(
      `${this.#stream.isTTY ? "\r\u001b[2K" : ""}${mark} ${text} ${paint("grey", `${seconds} s`, this.#stream)}\n`,
    );
  }

  #draw(): void {
    const frames = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";
    const width = Math.max(20, (this.#stream.columns ?? 80) - 3);
    this.#stream.write(`\r\u001b[2K${frames[this.#tick++ % frames.length] as string} ${this.#last.slice(0, width)}`);
  }
}
