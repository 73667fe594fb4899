import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { serializedFile } from "./literal.mjs";

const module = (literal: string) =>
  `_sym_db = x\nDESCRIPTOR = pool.AddSerializedFile(b'${literal}')\n_globals = globals()\n`;

/** As protoc's Python generator writes bytes. */
function escaped(bytes: Uint8Array): string {
  const named = new Map([
    [10, "\\n"],
    [13, "\\r"],
    [9, "\\t"],
    [34, '\\"'],
    [39, "\\'"],
    [92, "\\\\"],
  ]);
  let text = "";
  for (const byte of bytes) {
    const printable = byte >= 0x20 && byte < 0x7f;
    text += named.get(byte) ?? (printable ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`);
  }
  return text;
}

describe("the bytes literal of a Python module", () => {
  it("is read back, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        expect(serializedFile(module(escaped(bytes)))).toEqual(bytes);
      }),
    );
  });

  it("may hold octal escapes, of one to three digits", () => {
    expect(serializedFile(module("\\0012\\7x\\377"))).toEqual(Uint8Array.of(1, 0x32, 7, 0x78, 255));
  });

  it("ends at its own quote, not at an escaped one", () => {
    expect(serializedFile(`${module("a\\'b")}other = b'c'`)).toEqual(Uint8Array.of(0x61, 0x27, 0x62));
  });

  it("may be absent", () => {
    expect(serializedFile("import os\n")).toBeUndefined();
  });

  it.each([
    ["an escape that protoc doesn't write", module("\\q")],
    ["no end", "AddSerializedFile(b'abc"],
    ["a line break", "AddSerializedFile(b'abc\n')"],
  ])("is refused with %s", (_, text) => {
    expect(() => serializedFile(text)).toThrow(/bytes literal/);
  });
});
