import fc from "fast-check";
import { expect, test } from "vitest";
import { lines, watchEvents } from "./watch-stream.ts";

async function* cut(text: string, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length]!;
    yield bytes.slice(at, at + size);
    at += size;
  }
}
const collect = async <T>(source: AsyncIterable<T>): Promise<T[]> => Array.fromAsync(source);

test("lines come out whole, wherever the bytes were cut", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ unit: "grapheme", minLength: 1 }).map((text) => `x${text.replaceAll(/[\r\n]/g, "")}`)),
      fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
      async (texts, sizes) => {
        expect(await collect(lines(cut(texts.map((text) => `${text}\n`).join(""), sizes)))).toEqual(texts);
      },
    ),
  );
});

const event = (type: string, object: object) => `${JSON.stringify({ type, object })}\n`;

test("events come as they are; an ERROR event ends the watch with its Status", async () => {
  const added = { kind: "Pod", metadata: { name: "a", resourceVersion: "7" } };
  const body =
    event("ADDED", added) +
    event("ERROR", { kind: "Status", code: 410, reason: "Expired", message: "too old resource version" }) +
    event("ADDED", added);
  const seen: unknown[] = [];
  await expect(
    (async () => {
      for await (const each of watchEvents(cut(body, [1000]), "watch pods")) seen.push(each);
    })(),
  ).rejects.toMatchObject({ code: "kube/status", status: 410, reason: "Expired", expired: true });
  expect(seen).toEqual([{ type: "ADDED", object: added }]);
});

test("a line without an end is given up", async () => {
  let sent = 0;
  const endless = (async function* () {
    while (sent < 100_000_000) {
      sent += 65_536;
      yield new Uint8Array(65_536).fill(120);
    }
  })();
  await expect(collect(watchEvents(endless, "w"))).rejects.toMatchObject({
    ...{ code: "kube/unreachable", message: "w: broken off: a line has no end" },
  });
  expect(sent).toBeLessThan(100_000_000);
});

test("a broken connection, half a document and an unknown type are told apart", async () => {
  const broken = (async function* () {
    yield* cut("", [1]);
    throw new Error("socket hang up");
  })();
  await expect(collect(watchEvents(broken, "w"))).rejects.toMatchObject({ code: "kube/unreachable" });
  await expect(collect(watchEvents(cut('{"type":"ADDED","obj', [5]), "w"))).rejects.toMatchObject({
    code: "kube/malformed",
  });
  await expect(collect(watchEvents(cut(event("RENAMED", {}), [5]), "w"))).rejects.toMatchObject({
    code: "kube/malformed",
  });
});
