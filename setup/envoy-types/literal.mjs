// @ts-check
// The bytes literal that protoc's Python modules hand to AddSerializedFile, read as text: nothing is imported or run.

const CALL = "AddSerializedFile(b'";
const BACKSLASH = 0x5c;
const QUOTE = 0x27;
/** @type {Record<string, number>} */
const SIMPLE = { n: 10, r: 13, t: 9, a: 7, b: 8, f: 12, v: 11, "\\": BACKSLASH, "'": QUOTE, '"': 0x22 };

/**
 * @param {string} module the text of a `_pb2.py` file
 * @returns {Uint8Array | undefined} a serialized FileDescriptorProto; undefined if the module has none
 * @throws {Error} when the literal isn't one that protoc writes
 */
export function serializedFile(module) {
  const call = module.indexOf(CALL);
  if (call < 0) return undefined;
  const bytes = [];
  for (let at = call + CALL.length; at < module.length;) {
    const code = module.charCodeAt(at);
    if (code === QUOTE) return Uint8Array.from(bytes);
    if (code > 0x7e || code < 0x20) break;
    if (code !== BACKSLASH) {
      bytes.push(code);
      at += 1;
      continue;
    }
    const { byte, length } = escape(module.slice(at + 1, at + 4));
    bytes.push(byte);
    at += 1 + length;
  }
  throw new Error("a bytes literal has no end, or characters that no bytes literal can have");
}

/**
 * @param {string} text what follows the backslash, at most three characters
 * @returns {{ byte: number, length: number }}
 */
function escape(text) {
  const simple = SIMPLE[text.charAt(0)];
  if (simple !== undefined) return { byte: simple, length: 1 };
  const hex = /^x([0-9a-f]{2})/i.exec(text);
  if (hex) return { byte: Number.parseInt(hex[1] ?? "", 16), length: 3 };
  const octal = /^[0-3]?[0-7]{1,2}/.exec(text);
  if (octal) return { byte: Number.parseInt(octal[0], 8), length: octal[0].length };
  throw new Error(`an escape of a bytes literal that is not known: \\${text}`);
}
