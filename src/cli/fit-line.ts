// eslint-disable-next-line no-control-regex
const escapes = /\u001b\[[0-9;]*m/g;
/** Characters that take two columns: East Asian wide and fullwidth ones, and emoji. */
const wide =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;
const combining = /\p{Mn}|\p{Me}|\u200d|\ufe0f/u;

/** Columns that a terminal needs for a text; escape sequences of colours need none. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text.replace(escapes, "")) columns += columnsOfOne(character);
  return columns;
}

function columnsOfOne(character: string): number {
  return combining.test(character) ? 0 : wide.test(character) ? 2 : 1;
}

/** A line no wider than `columns`; what is cut off ends in `…`, and colours end where the line does. */
export function fit(line: string, columns: number): string {
  if (columnsOf(line) <= columns) return line;
  let text = "";
  let used = 0;
  let painted = false;
  // eslint-disable-next-line no-control-regex
  for (const [token] of line.matchAll(/\u001b\[[0-9;]*m|[^]/gu)) {
    if (token.length > 1 && token.startsWith("\u001b")) {
      painted = token !== "\u001b[0m";
      text += token;
      continue;
    }
    const more = columnsOfOne(token);
    if (used + more > columns - 1) break;
    used += more;
    text += token;
  }
  return `${text}…${painted ? "\u001b[0m" : ""}`;
}

/** Breaks a text between words. Words longer than a line are left to be cut. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/ +/)) {
    if (line !== "" && columnsOf(line) + 1 + columnsOf(word) > columns) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return line === "" ? lines : [...lines, line];
}

/** What apps and people wrote, harmless on a terminal and in one line: control characters become blanks. */
export function harmless(text: string): string {
  return text.replace(/\p{Cc}+/gu, " ").trim();
}

export function padTo(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - columnsOf(text)));
}
