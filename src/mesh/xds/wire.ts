/**
 * The few pieces of protobuf's wire format (https://protobuf.dev/programming-guides/encoding/) that are needed to put a
 * message together from parts that are encoded already, without decoding and encoding them again.
 */

/** Bytes that an unsigned number below 2^32 takes as a varint. */
export function varintSize(value: number): number {
  let size = 1;
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) size++;
  return size;
}

/** Writes a varint and returns the offset behind it. */
export function writeVarint(target: Uint8Array, offset: number, value: number): number {
  let rest = value >>> 0;
  while (rest > 127) {
    target[offset++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  target[offset++] = rest;
  return offset;
}

/** Size of a length-delimited field (wire type 2) whose number is below 16 and whose content takes `length` bytes. */
export function fieldSize(length: number): number {
  return 1 + varintSize(length) + length;
}

/** Writes tag and length of a length-delimited field (number below 16); the content goes to the offset returned. */
export function writeFieldHead(target: Uint8Array, offset: number, field: number, length: number): number {
  target[offset++] = (field << 3) | 2;
  return writeVarint(target, offset, length);
}

/** A text whose UTF-8 length is known, so that sizes can be added up before anything is written. */
export interface WireText {
  readonly text: string;
  readonly length: number;
}

export function wireText(text: string): WireText {
  return { text, length: Buffer.byteLength(text) };
}

export function writeText(target: Buffer, offset: number, field: number, value: WireText): number {
  const at = writeFieldHead(target, offset, field, value.length);
  return at + target.write(value.text, at, "utf8");
}
