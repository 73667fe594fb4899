/** A watch's body, one JSON document a line, as events (https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes). */
import type { KubeObject } from "../objects/meta.ts";
import { KubeError, whatCame, type Status } from "./kube-error.ts";

/** A BOOKMARK's object has nothing but kind and `metadata.resourceVersion`. */
export interface WatchEvent<T extends KubeObject = KubeObject> {
  type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK";
  object: T;
}

/** In characters. Objects are 1.5 MiB at most, as the API keeps them; as JSON, and with what it adds, a few times that. */
const longestLine = 32 * 1024 * 1024;

/** Lines of UTF-8 text, however the bytes are cut. A last line without its end is given too. */
export async function* lines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  // Kept in pieces: a large object arrives in many chunks, and joining them each time would be quadratic.
  let pieces: string[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    const parts = decoder.decode(chunk, { stream: true }).split("\n");
    pieces.push(parts[0]!);
    length += parts[0]!.length;
    for (const part of parts.slice(1)) {
      const line = pieces.join("");
      pieces = [part];
      length = part.length;
      if (line.trim() !== "") yield line;
    }
    if (length > longestLine) throw new Error("a line has no end");
  }
  const rest = pieces.join("") + decoder.decode();
  if (rest.trim() !== "") yield rest;
}

/** Throws `KubeError`: for an ERROR event its Status, for a broken connection `kube/unreachable`, for another text `kube/malformed`. */
export async function* watchEvents<T extends KubeObject>(
  body: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<WatchEvent<T>> {
  const iterator = lines(body);
  try {
    for (;;) {
      let next: IteratorResult<string>;
      try {
        next = await iterator.next();
      } catch (cause) {
        throw new KubeError(
          "kube/unreachable",
          `${name}: broken off: ${cause instanceof Error ? cause.message : String(cause)}`,
          { cause },
        );
      }
      if (next.done) return;
      yield parseEvent<T>(next.value, name);
    }
  } finally {
    await iterator.return(undefined).catch(() => undefined);
  }
}

function parseEvent<T extends KubeObject>(line: string, name: string): WatchEvent<T> {
  let event: { type?: string; object?: unknown };
  try {
    event = JSON.parse(line);
  } catch {
    throw new KubeError("kube/malformed", `${name}: no event, but ${whatCame(line)}`);
  }
  if (typeof event !== "object" || event === null)
    throw new KubeError("kube/malformed", `${name}: no event, but ${whatCame(line)}`);
  if (event.type === "ERROR") {
    const status = (event.object ?? {}) as Status;
    const seconds = status.details?.retryAfterSeconds;
    throw new KubeError("kube/status", `${name}: ${status.message ?? "ended by the server"}`, {
      status: status.code ?? 500,
      reason: status.reason ?? "",
      details: status.details ?? {},
      ...(seconds === undefined ? {} : { retryAfterMs: seconds * 1000 }),
    });
  }
  if (
    (event.type === "ADDED" || event.type === "MODIFIED" || event.type === "DELETED" || event.type === "BOOKMARK") &&
    typeof event.object === "object" &&
    event.object !== null
  ) {
    return event as WatchEvent<T>;
  }
  throw new KubeError("kube/malformed", `${name}: no event, but ${whatCame(line)}`);
}
