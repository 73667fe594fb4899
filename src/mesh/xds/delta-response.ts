import { BinaryReader } from "@bufbuild/protobuf/wire";
import { frameHeadBytes, writeFrameHead } from "./grpc-frame.ts";
import { fieldSize, wireText, writeFieldHead, writeText } from "./wire.ts";
import type { WireText } from "./wire.ts";

/** An encoded resource of any type, shared by all streams that get it. `Resource` of the compiler is one. */
export interface XdsResource {
  readonly type: string;
  readonly name: string;
  /** Equal versions of one name mean equal bytes. */
  readonly version: string;
  /** The encoded message without its Any wrapper. */
  readonly bytes: Uint8Array;
}

/** What one DeltaDiscoveryResponse carries. */
export interface Push {
  readonly type: string;
  readonly resources: readonly XdsResource[];
  readonly removed: readonly string[];
}

/**
 * A whole gRPC frame with a `DeltaDiscoveryResponse` (resources = 2, type_url = 4, nonce = 5, removed_resources = 6),
 * each resource a `Resource` (version = 1, resource = 2, name = 3) round an Any (type_url = 1, value = 2). The bytes of
 * the resources are copied once, into the frame.
 */
export function encodePushFrame(push: Push, nonce: string): Buffer {
  const type = wireText(push.type);
  const nonceText = wireText(nonce);
  const removed = push.removed.map(wireText);
  const parts = push.resources.map((resource) => sizeResource(resource, type));
  let size = fieldSize(type.length) + fieldSize(nonceText.length);
  for (const part of parts) size += fieldSize(part.size);
  for (const name of removed) size += fieldSize(name.length);

  const framed = Buffer.allocUnsafe(frameHeadBytes + size);
  writeFrameHead(framed, size);
  let at = frameHeadBytes;
  for (const { resource, name, version, any, size: length } of parts) {
    at = writeFieldHead(framed, at, 2, length);
    at = writeText(framed, at, 1, version);
    at = writeFieldHead(framed, at, 2, any);
    at = writeText(framed, at, 1, type);
    at = writeFieldHead(framed, at, 2, resource.bytes.length);
    framed.set(resource.bytes, at);
    at = writeText(framed, at + resource.bytes.length, 3, name);
  }
  at = writeText(framed, at, 4, type);
  at = writeText(framed, at, 5, nonceText);
  for (const name of removed) at = writeText(framed, at, 6, name);
  return framed;
}

function sizeResource(
  resource: XdsResource,
  type: WireText,
): { resource: XdsResource; name: WireText; version: WireText; any: number; size: number } {
  const name = wireText(resource.name);
  const version = wireText(resource.version);
  const any = fieldSize(type.length) + fieldSize(resource.bytes.length);
  return { resource, name, version, any, size: fieldSize(version.length) + fieldSize(any) + fieldSize(name.length) };
}

/** The counterpart of `encodePushFrame`, for clients: the message without the frame's head. */
export function decodeDeltaResponse(bytes: Uint8Array): {
  type: string;
  nonce: string;
  resources: XdsResource[];
  removed: string[];
} {
  const reader = new BinaryReader(bytes);
  const response = { type: "", nonce: "", resources: [] as XdsResource[], removed: [] as string[] };
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === 2) response.resources.push(decodeResource(reader.bytes()));
    else if (field === 4) response.type = reader.string();
    else if (field === 5) response.nonce = reader.string();
    else if (field === 6) response.removed.push(reader.string());
    else reader.skip(wireType, field);
  }
  return response;
}

function decodeResource(bytes: Uint8Array): XdsResource {
  const reader = new BinaryReader(bytes);
  const resource = { type: "", name: "", version: "", bytes: new Uint8Array() as Uint8Array };
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === 1) resource.version = reader.string();
    else if (field === 3) resource.name = reader.string();
    else if (field === 2) {
      const any = new BinaryReader(reader.bytes());
      while (any.pos < any.len) {
        const [anyField, anyWire] = any.tag();
        if (anyField === 1) resource.type = any.string();
        else if (anyField === 2) resource.bytes = any.bytes();
        else any.skip(anyWire, anyField);
      }
    } else reader.skip(wireType, field);
  }
  return resource;
}
