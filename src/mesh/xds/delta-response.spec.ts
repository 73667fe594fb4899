import { fromBinary } from "@bufbuild/protobuf";
import { DeltaDiscoveryResponseSchema } from "#gen/envoy/service/discovery/v3/discovery_pb.ts";
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeDeltaResponse, encodePushFrame } from "./delta-response.ts";
import { FrameCache } from "./frame-cache.ts";
import { FrameReader } from "./grpc-frame.ts";

const text = fc.string({ unit: "grapheme", maxLength: 40 });
const anyPush = text.chain((type) =>
  fc.record({
    type: fc.constant(type),
    resources: fc.array(
      fc.record({ type: fc.constant(type), name: text, version: text, bytes: fc.uint8Array({ maxLength: 300 }) }),
      { maxLength: 5 },
    ),
    removed: fc.array(text, { maxLength: 3 }),
  }),
);

test("a frame put together by hand is what protobuf-es reads, for any resources", () => {
  fc.assert(
    fc.property(anyPush, text, (push, nonce) => {
      const [message] = new FrameReader(1_000_000).push(encodePushFrame(push, nonce));
      const read = fromBinary(DeltaDiscoveryResponseSchema, message!);
      expect(read).toMatchObject({ typeUrl: push.type, nonce, removedResources: push.removed });
      expect(
        read.resources.map(({ name, version, resource }) => [
          name,
          version,
          resource?.typeUrl,
          [...(resource?.value ?? [])],
        ]),
      ).toEqual(push.resources.map(({ name, version, type, bytes }) => [name, version, type, [...bytes]]));
      expect(decodeDeltaResponse(message!)).toMatchObject({
        type: push.type,
        nonce,
        removed: push.removed,
        resources: push.resources.map(({ name, version }) => ({ name, version })),
      });
    }),
  );
});

const resource = (name: string, version: string) => ({ type: "t", name, version, bytes: Buffer.alloc(1000) });

test("streams that get the very same resources share a frame; others don't", () => {
  const cache = new FrameCache();
  const [a, b, c] = [resource("a", "1"), resource("b", "1"), resource("c", "1")];
  const first = cache.frame({ type: "t", resources: [a, b, c], removed: [] });
  expect(cache.frame({ type: "t", resources: [a, b, c], removed: [] })).toBe(first);
  for (const other of [
    { type: "t", resources: [a, resource("b", "1"), c], removed: [] },
    { type: "t", resources: [a, c], removed: [] },
    { type: "t", resources: [a, b, c], removed: ["d"] },
    { type: "u", resources: [a, b, c], removed: [] },
  ]) {
    expect(cache.frame(other).bytes).not.toBe(first.bytes);
    expect(cache.frame(other).nonce).not.toBe(first.nonce);
  }
  expect(cache.made).toBe(5);
});

test("the cache forgets the oldest frames", () => {
  const cache = new FrameCache(10_000);
  const one = { type: "t", resources: [resource("a", "1")], removed: [] };
  cache.frame(one);
  for (let version = 2; version < 12; version++)
    cache.frame({ type: "t", resources: [resource("a", String(version))], removed: [] });
  expect(cache.made).toBe(11);
  cache.frame(one);
  expect(cache.made).toBe(12);
});
