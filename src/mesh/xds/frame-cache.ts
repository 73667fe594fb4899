import { encodePushFrame } from "./delta-response.ts";
import type { Push } from "./delta-response.ts";

export interface PushFrame {
  readonly nonce: string;
  readonly bytes: Buffer;
  readonly push: Push;
}

/**
 * Frames of the latest pushes. Streams that get the very same resources get the very same bytes, nonce included, so
 * that a change for a thousand proxies is put together once. The nonce needs to be unique only within a stream.
 */
export class FrameCache {
  readonly #maxBytes: number;
  readonly #frames = new Map<string, PushFrame[]>();
  #bytes = 0;
  #made = 0;

  /** A frame above a quarter of it is not kept: all clusters of a mesh of thousands of services are 5 MB. */
  constructor(maxBytes = 64 * 1024 * 1024) {
    this.#maxBytes = maxBytes;
  }

  /** How many frames were put together since the start. */
  get made(): number {
    return this.#made;
  }

  frame(push: Push): PushFrame {
    const key = shape(push);
    const known = this.#frames.get(key)?.find((frame) => samePush(frame.push, push));
    if (known) return known;
    const nonce = String(++this.#made);
    const made: PushFrame = { nonce, bytes: encodePushFrame(push, nonce), push };
    if (made.bytes.length > this.#maxBytes / 4) return made;
    this.#bytes += made.bytes.length;
    const bucket = this.#frames.get(key);
    if (bucket) bucket.push(made);
    else this.#frames.set(key, [made]);
    this.#evict();
    return made;
  }

  #evict(): void {
    for (const [key, bucket] of this.#frames) {
      if (this.#bytes <= this.#maxBytes) return;
      for (const frame of bucket) this.#bytes -= frame.bytes.length;
      this.#frames.delete(key);
    }
  }
}

/** Cheap and coarse: what it lumps together, `samePush` tells apart. */
function shape(push: Push): string {
  const first = push.resources[0];
  const last = push.resources.at(-1);
  return `${push.type} ${push.resources.length} ${push.removed.length} ${first?.name} ${first?.version} ${last?.name} ${last?.version} ${push.removed[0]}`;
}

function samePush(a: Push, b: Push): boolean {
  return (
    a.type === b.type &&
    a.resources.length === b.resources.length &&
    a.removed.length === b.removed.length &&
    a.resources.every((resource, index) => resource === b.resources[index]) &&
    a.removed.every((name, index) => name === b.removed[index])
  );
}
