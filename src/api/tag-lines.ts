/** Whole lines of a byte stream, each led by `tag`. The last one gets a line end when it lacks it. Lines above 1 MiB are cut there. */
export async function* tagLines(bytes: AsyncIterable<Buffer>, tag: string): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of bytes) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop()!;
    if (lines.length > 0) yield lines.map((line) => `${tag}${line}\n`).join("");
    if (rest.length > 1024 * 1024) {
      yield `${tag}${rest}\n`;
      rest = "";
    }
  }
  rest += decoder.decode();
  if (rest !== "") yield `${tag}${rest}\n`;
}
