import { expect, test } from "vitest";
import type { KubeObject } from "../../objects/meta.ts";
import type { MeshCompiler } from "../resource.ts";
import { ObjectFeed } from "./object-feed.ts";

function object(name: string, resourceVersion: string): KubeObject {
  return { apiVersion: "v1", kind: "Service", metadata: { namespace: "money", name, resourceVersion } };
}

/** A compiler that counts; `reaches` says whether the next flush changes anything for proxies. */
function setup() {
  const seen: string[] = [];
  const state = { revision: 0, reaches: true };
  const compiler = {
    put: ({ metadata }: KubeObject) => seen.push(`+${metadata.name}`),
    remove: (_kind: string, _namespace: string, name: string) => seen.push(`-${name}`),
    reach: (ids: readonly string[]) => ({ proxies: new Set(ids), resources: new Map(), named: [] }),
    flush() {
      seen.push("flush");
      if (state.reaches) state.revision++;
    },
  } as unknown as MeshCompiler;
  const turns: (() => void)[] = [];
  const feed = new ObjectFeed(
    compiler,
    () => state.revision,
    (run) => turns.push(run),
  );
  return { feed, seen, state, turn: () => turns.splice(0).forEach((run) => run()) };
}

test("nothing is compiled before the first view is whole; then once for each turn", () => {
  const { feed, seen, turn } = setup();
  feed.put(object("a", "1"));
  feed.put(object("b", "2"));
  turn();
  expect(seen).toEqual(["+a", "+b"]);
  feed.start();
  expect(seen.splice(0)).toEqual(["+a", "+b", "flush"]);
  feed.put(object("a", "3"));
  feed.remove(object("b", "4"));
  expect(seen).toEqual(["+a", "-b"]);
  turn();
  expect(seen).toEqual(["+a", "-b", "flush"]);
});

test("an object counts as compiled from its flush on, under the latest change that it made, or none", () => {
  const { feed, state, turn } = setup();
  feed.start();
  feed.put(object("a", "1"));
  expect(feed.compiled("Service/money/a")).toBeUndefined();
  turn();
  expect(feed.compiled("Service/money/a")).toEqual({ resourceVersion: "1", revision: 2 });
  state.reaches = false;
  feed.put(object("a", "2"));
  turn();
  // What proxies must have acknowledged is still the change before.
  expect(feed.compiled("Service/money/a")).toEqual({ resourceVersion: "2", revision: 2 });
  feed.put(object("b", "3"));
  turn();
  expect(feed.compiled("Service/money/b")).toEqual({ resourceVersion: "3", revision: 0 });
});

test("what is gone is remembered as gone, until it comes back", () => {
  const { feed, turn } = setup();
  feed.start();
  feed.put(object("a", "1"));
  turn();
  expect(feed.gone("Service/money/a")).toBeUndefined();
  feed.remove(object("a", "2"));
  turn();
  expect(feed.compiled("Service/money/a")).toBeUndefined();
  expect(feed.gone("Service/money/a")).toMatchObject({ revision: 3, reach: { proxies: new Set(["Service/money/a"]) } });
  feed.put(object("a", "3"));
  turn();
  expect(feed.gone("Service/money/a")).toBeUndefined();
});
