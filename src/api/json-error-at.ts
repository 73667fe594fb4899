/** Line and column, both from 1, of the first character that makes a text no JSON (RFC 8259); undefined when it is JSON. */
export function jsonErrorAt(text: string): { line: number; column: number } | undefined {
  const at = firstError(text);
  if (at === undefined) return undefined;
  const before = text.slice(0, at);
  return { line: before.split("\n").length, column: at - before.lastIndexOf("\n") };
}

const token =
  /[ \t\r\n]*(?:([{}[\],:])|("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null))/y;
const blank = /[ \t\r\n]*/y;

/** A walk over the tokens with a stack of what is open: says where it ends, not what it means. */
function firstError(text: string): number | undefined {
  const open: string[] = [];
  let at = 0;
  // What may come next: a value, a key (or the end of an object), a colon, a comma (or the end).
  let next: "value" | "value or end" | "key" | "key or end" | "colon" | "comma or end" = "value";
  const start = (): number => {
    blank.lastIndex = at;
    return at + blank.exec(text)![0].length;
  };
  do {
    token.lastIndex = at;
    const match = token.exec(text);
    if (match === null) return start();
    const [, sign, string, other] = match;
    const value = string !== undefined || other !== undefined;
    if (next === "colon") {
      if (sign !== ":") return start();
      next = "value";
    } else if (next === "comma or end") {
      if (sign === ",") next = open.at(-1) === "{" ? "key" : "value";
      else if ((sign === "}" && open.at(-1) === "{") || (sign === "]" && open.at(-1) === "[")) open.pop();
      else return start();
    } else if (next === "key" || next === "key or end") {
      if (string !== undefined) next = "colon";
      else if (sign === "}" && next === "key or end") {
        open.pop();
        next = "comma or end";
      } else return start();
    } else if (value) next = "comma or end";
    else if (sign === "{" || sign === "[") {
      open.push(sign);
      next = sign === "{" ? "key or end" : "value or end";
    } else if (sign === "]" && next === "value or end") {
      open.pop();
      next = "comma or end";
    } else return start();
    at = token.lastIndex;
  } while (open.length > 0 || next !== "comma or end");
  return start() === text.length ? undefined : start();
}
