import { GrpcError, grpcStatus } from "./grpc-status.ts";

/** Bytes before each message: one for "compressed", four for the length (gRPC over HTTP/2, "Length-Prefixed-Message"). */
export const frameHeadBytes = 5;

/** Writes the head of an uncompressed message of `length` bytes at the start of `target`. */
export function writeFrameHead(target: Buffer, length: number): void {
  target[0] = 0;
  target.writeUInt32BE(length, 1);
}

export function frame(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(frameHeadBytes + message.length);
  writeFrameHead(framed, message.length);
  framed.set(message, frameHeadBytes);
  return framed;
}

/** Takes chunks as the network cuts them and gives whole messages. */
export class FrameReader {
  readonly #maxBytes: number;
  #chunks: Buffer[] = [];
  #size = 0;
  #wanted: number | undefined;

  /** A message above `maxBytes` is refused before it is gathered. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The messages that this chunk completes. Throws a GrpcError for one that is too large or compressed. */
  push(chunk: Buffer): Buffer[] {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    const messages: Buffer[] = [];
    for (;;) {
      if (this.#wanted === undefined) {
        if (this.#size < frameHeadBytes) return messages;
        this.#wanted = this.#readHead();
      }
      if (this.#size < this.#wanted) return messages;
      messages.push(this.#cut(this.#wanted));
      this.#wanted = undefined;
    }
  }

  #readHead(): number {
    const head = this.#cut(frameHeadBytes);
    if (head[0] !== 0)
      throw new GrpcError(
        grpcStatus.unimplemented,
        "compressed messages are not accepted; send with grpc-encoding identity",
      );
    const length = head.readUInt32BE(1);
    if (length > this.#maxBytes)
      throw new GrpcError(
        grpcStatus.resourceExhausted,
        `a message of ${length} bytes was announced; at most ${this.#maxBytes} are accepted`,
      );
    return length;
  }

  #cut(length: number): Buffer {
    const first = this.#chunks[0];
    const whole = first !== undefined && first.length >= length ? first : Buffer.concat(this.#chunks);
    if (whole !== first) this.#chunks = [whole];
    const rest = whole.subarray(length);
    if (rest.length > 0) this.#chunks[0] = rest;
    else this.#chunks.shift();
    this.#size -= length;
    return whole.subarray(0, length);
  }
}
