import fc from "fast-check";
import { expect, test } from "vitest";
import { frame, FrameReader } from "./grpc-frame.ts";

test("messages survive any cutting into chunks", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), fc.array(fc.nat(60)), (messages, cuts) => {
      const bytes = Buffer.concat(messages.map((message) => frame(message)));
      const reader = new FrameReader(40);
      const found: Buffer[] = [];
      let at = 0;
      for (const cut of [...cuts, bytes.length]) {
        found.push(...reader.push(bytes.subarray(at, at + cut)));
        at += cut;
      }
      expect(found.map((message) => [...message])).toEqual(messages.map((message) => [...message]));
    }),
  );
});

test("a message above the limit is refused from its head alone", () => {
  const head = frame(new Uint8Array(41)).subarray(0, 5);
  expect(() => new FrameReader(40).push(head)).toThrow(/41 bytes.*at most 40/);
});

test("a compressed message is refused", () => {
  expect(() => new FrameReader(40).push(Buffer.from([1, 0, 0, 0, 0]))).toThrow(/compressed/);
});
