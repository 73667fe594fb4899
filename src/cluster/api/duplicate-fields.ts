/**
 * Paths of the fields that a JSON text gives more than once in the same object (`spec.ports[0].name`), each once.
 * `text` must be valid JSON: what JSON.parse keeps of such a field is the last.
 */
export function duplicateFields(text: string): string[] {
  interface Level {
    path: string;
    /** Names met so far; undefined in a list. */
    names: Set<string> | undefined;
    index: number;
    /** Of the value that comes next, in an object. */
    field: string;
  }
  const found = new Set<string>();
  const levels: Level[] = [];
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],]/g)) {
    const level = levels.at(-1);
    const here = (): string =>
      level === undefined ? "" : level.names === undefined ? `${level.path}[${level.index}]` : level.field;
    if (token === "{") levels.push({ path: here(), names: new Set(), index: 0, field: "" });
    else if (token === "[") levels.push({ path: here(), names: undefined, index: 0, field: "" });
    else if (token === "}" || token === "]") levels.pop();
    else if (token === ",") level!.index++;
    else if (level?.names !== undefined && /^\s*:/.test(text.slice(index + token.length, index + token.length + 64))) {
      const name = JSON.parse(token) as string;
      level.field = level.path === "" ? name : `${level.path}.${name}`;
      if (level.names.has(name)) found.add(level.field);
      level.names.add(name);
    }
  }
  return [...found];
}
