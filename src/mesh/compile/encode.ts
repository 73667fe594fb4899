import { createHash } from "node:crypto";
import { create, toBinary, type DescMessage, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import type { Any } from "@bufbuild/protobuf/wkt";
import { AnySchema } from "@bufbuild/protobuf/wkt";
import { typeUrls, type CompilerStats, type Resource, type TypeUrl } from "../resource.ts";

/** Bytes that are a part of a message, with their hash. */
export interface Part {
  readonly bytes: Uint8Array;
  readonly hash: string;
}

/** The plain-object form of a message, before `create`. */
export type Init<D extends DescMessage> = Exclude<MessageInitShape<D>, MessageShape<D>>;

type Kind = keyof CompilerStats["encodings"];

/** Turns messages into bytes, and counts how often it did. */
export class Encoder {
  readonly encodings: Record<Kind, number> = {
    listener: 0,
    cluster: 0,
    routeConfiguration: 0,
    virtualHost: 0,
    endpoints: 0,
  };

  resource<D extends DescMessage>(
    kind: "listener" | "cluster" | "endpoints",
    schema: D,
    name: string,
    message: MessageShape<D>,
  ): Resource {
    this.encodings[kind]++;
    const bytes = toBinary(schema, message);
    return Object.freeze({ type: typeUrls[kind], name, version: hashOf(bytes), bytes });
  }

  /** A part of a larger message, counted under its kind. */
  part<D extends DescMessage>(kind: Kind, schema: D, message: MessageShape<D>): Part {
    this.encodings[kind]++;
    return plainPart(schema, message);
  }

  /** One resource put together from parts that are encoded already; its version comes from their hashes. */
  assembled(kind: Kind, type: TypeUrl, name: string, parts: readonly Part[]): Resource {
    this.encodings[kind]++;
    const hash = createHash("sha256");
    for (const part of parts) hash.update(part.hash);
    return Object.freeze({
      type,
      name,
      version: hash.digest("hex").slice(0, 32),
      bytes: concatenate(parts.map((part) => part.bytes)),
    });
  }
}

/** A small part that is cheap to encode and not worth counting, such as the name and domains of a virtual host. */
export function plainPart<D extends DescMessage>(schema: D, message: MessageShape<D>): Part {
  const bytes = toBinary(schema, message);
  return { bytes, hash: hashOf(bytes) };
}

/**
 * Parts as the value of a length-delimited field (a sub-message): tag and length, then the parts. Fields of a protobuf
 * message may stand in any order and a message may be given in pieces, so that concatenated parts make one message.
 */
export function field(number: number, parts: readonly Part[]): Part[] {
  const length = parts.reduce((sum, part) => sum + part.bytes.length, 0);
  const bytes = Uint8Array.from([...varint((number << 3) | 2), ...varint(length)]);
  return [{ bytes, hash: `${number}:${length}:` }, ...parts];
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (; value > 0x7f; value = Math.floor(value / 128)) bytes.push((value % 128) | 0x80);
  bytes.push(value);
  return bytes;
}

function concatenate(chunks: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}

function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex").slice(0, 32);
}

/** An extension's configuration, ready for a `typed_config`. */
export function any<D extends DescMessage>(schema: D, init: MessageInitShape<D>): Any {
  return create(AnySchema, {
    typeUrl: `type.googleapis.com/${schema.typeName}`,
    value: toBinary(schema, create(schema, init)),
  });
}
