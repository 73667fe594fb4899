import { paint } from "./output.ts";

/**
 * One line on stderr that is rewritten in place on a terminal; elsewhere a line for each change, so that a log of
 * CI stays readable.
 */
export class Progress {
  #last = "";
  #timer: NodeJS.Timeout | undefined;
  #tick = 0;
  readonly #stream: NodeJS.WriteStream;
  readonly #started = Date.now();

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#stream = stream;
  }

  update(text: string): void {
    if (text === this.#last) return;
    this.#last = text;
    if (!this.#stream.isTTY) {
      this.#stream.write(`${text}\n`);
      return;
    }
    this.#draw();
    this.#timer ??= setInterval(() => this.#draw(), 120);
    this.#timer.unref();
  }

  /** Ends the line with a mark and the time it took. */
  done(text: string, ok = true): void {
    clearInterval(this.#timer);
    const seconds = ((Date.now() - this.#started) / 1000).toFixed(1);
    const mark = ok ? paint("green", "✔", this.#stream) : paint("red", "✖", this.#stream);
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
