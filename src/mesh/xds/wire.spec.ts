import { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";
import fc from "fast-check";
import { expect, test } from "vitest";
import { fieldSize, varintSize, wireText, writeFieldHead, writeText, writeVarint } from "./wire.ts";

test("varints are those of protobuf-es, and as long as announced", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffffffff }), (value) => {
      const bytes = new Uint8Array(varintSize(value));
      expect(writeVarint(bytes, 0, value)).toBe(bytes.length);
      expect(bytes).toEqual(new BinaryWriter().uint32(value).finish());
    }),
  );
});

test("a field of bytes or text reads back", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 15 }), fc.string({ unit: "binary", maxLength: 400 }), (field, text) => {
      const value = wireText(text);
      const target = Buffer.alloc(fieldSize(value.length));
      expect(writeText(target, 0, field, value)).toBe(target.length);
      const reader = new BinaryReader(target);
      expect(reader.tag()).toEqual([field, 2]);
      expect(reader.string()).toBe(Buffer.from(text).toString());
      const head = Buffer.alloc(8);
      expect(head.subarray(0, writeFieldHead(head, 0, field, value.length))).toEqual(
        target.subarray(0, target.length - value.length),
      );
    }),
  );
});
