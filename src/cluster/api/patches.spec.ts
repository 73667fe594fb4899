import { describe, expect, it } from "vitest";
import { kinds } from "../../objects/kinds.ts";
import { mergeRule } from "../../objects/merge-keys.ts";
import { jsonPatch } from "./json-patch.ts";
import { mergePatch } from "./merge-patch.ts";
import { strategicMergePatch } from "./strategic-merge-patch.ts";

describe("JSON patch (examples of RFC 6902, appendix A)", () => {
  it.each<[string, unknown, unknown[], unknown]>([
    ["A.1 adds a member", { foo: "bar" }, [{ op: "add", path: "/baz", value: "qux" }], { baz: "qux", foo: "bar" }],
    [
      "A.2 adds an item",
      { foo: ["bar", "baz"] },
      [{ op: "add", path: "/foo/1", value: "qux" }],
      { foo: ["bar", "qux", "baz"] },
    ],
    ["A.3 removes a member", { baz: "qux", foo: "bar" }, [{ op: "remove", path: "/baz" }], { foo: "bar" }],
    [
      "A.4 removes an item",
      { foo: ["bar", "qux", "baz"] },
      [{ op: "remove", path: "/foo/1" }],
      { foo: ["bar", "baz"] },
    ],
    ["A.5 replaces", { baz: "qux" }, [{ op: "replace", path: "/baz", value: "boo" }], { baz: "boo" }],
    [
      "A.6 moves",
      { foo: { bar: "baz", waldo: "fred" }, qux: {} },
      [{ op: "move", from: "/foo/waldo", path: "/qux/thud" }],
      { foo: { bar: "baz" }, qux: { thud: "fred" } },
    ],
    [
      "A.7 moves an item",
      { foo: ["all", "grass", "cows", "eat"] },
      [{ op: "move", from: "/foo/1", path: "/foo/3" }],
      { foo: ["all", "cows", "eat", "grass"] },
    ],
    [
      "A.8 tests",
      { baz: "qux", foo: ["a", 2, "c"] },
      [{ op: "test", path: "/foo/1", value: 2 }],
      { baz: "qux", foo: ["a", 2, "c"] },
    ],
    [
      "A.14 escapes",
      { "/": 9, "~1": 10 },
      [
        { op: "test", path: "/~01", value: 10 },
        { op: "replace", path: "/~1", value: 1 },
      ],
      { "/": 1, "~1": 10 },
    ],
    ["A.16 appends", { foo: ["bar"] }, [{ op: "add", path: "/foo/-", value: ["abc"] }], { foo: ["bar", ["abc"]] }],
  ])("%s", (_name, target, patch, expected) => expect(jsonPatch(target, patch)).toEqual(expected));

  it.each<[unknown[], number]>([
    [[{ op: "test", path: "/a", value: 2 }], 422],
    [[{ op: "remove", path: "/b" }], 422],
    [[{ op: "replace", path: "/b", value: 1 }], 422],
    [[{ op: "add", path: "/b/c", value: 1 }], 422],
    [[{ op: "add", path: "/list/5", value: 1 }], 422],
    [[{ op: "jump", path: "/a" }], 400],
    [[{ path: "/a" }], 400],
    [[{ op: "add", path: "a", value: 1 }], 400],
  ])("refuses %j", (patch, code) =>
    expect(() => jsonPatch({ a: 1, list: [] }, patch)).toThrow(expect.objectContaining({ code })),
  );

  it("doesn't reach prototypes", () => {
    jsonPatch({}, [{ op: "add", path: "/__proto__", value: { polluted: true } }]);
    expect(() => jsonPatch({}, [{ op: "add", path: "/__proto__/polluted", value: true }])).toThrow();
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });
});

describe("merge patch", () => {
  it("merges maps, deletes by null, replaces lists", () =>
    expect(mergePatch({ a: { b: 1, c: 2 }, l: [1, 2] }, { a: { b: null, d: { e: null } }, l: [3] })).toEqual({
      a: { c: 2, d: {} },
      l: [3],
    }));
});

describe("strategic merge patch", () => {
  const rule = mergeRule(kinds.Pod);
  const live = {
    spec: {
      containers: [
        { name: "a", image: "a:1", ports: [{ containerPort: 80 }] },
        { name: "b", image: "b:1" },
      ],
    },
    metadata: { finalizers: ["x", "y"] },
  };
  const patched = (patch: unknown) => strategicMergePatch(live, patch, rule) as typeof live;

  it("merges lists by their key", () =>
    expect(patched({ spec: { containers: [{ name: "b", image: "b:2" }, { name: "c" }] } }).spec.containers).toEqual([
      live.spec.containers[0],
      { name: "b", image: "b:2" },
      { name: "c" },
    ]));
  it("deletes an item", () =>
    expect(patched({ spec: { containers: [{ name: "a", $patch: "delete" }] } }).spec.containers).toEqual([
      live.spec.containers[1],
    ]));
  it("replaces a list", () =>
    expect(patched({ spec: { containers: [{ $patch: "replace" }, { name: "z" }] } }).spec.containers).toEqual([
      { name: "z" },
    ]));
  it("replaces a map", () =>
    expect(patched({ spec: { $patch: "replace", nodeName: "n" } }).spec).toEqual({ nodeName: "n" }));
  it("orders", () =>
    expect(
      patched({
        spec: {
          "$setElementOrder/containers": [{ name: "b" }, { name: "a" }],
          containers: [{ name: "a", image: "a:2" }],
        },
      }).spec.containers.map(({ name }) => name),
    ).toEqual(["b", "a"]));
  it("deletes scalars", () =>
    expect(
      patched({ metadata: { "$deleteFromPrimitiveList/finalizers": ["x"], finalizers: ["z"] } }).metadata.finalizers,
    ).toEqual(["z", "y"]));
  it("keeps only the keys named", () =>
    expect(
      strategicMergePatch(
        { strategy: { type: "RollingUpdate", rollingUpdate: {} } },
        { strategy: { $retainKeys: ["type"], type: "Recreate" } },
        {},
      ),
    ).toEqual({ strategy: { type: "Recreate" } }));
  it("changes neither argument", () => expect(live.spec.containers).toHaveLength(2));
  it("needs the key", () =>
    expect(() => patched({ spec: { containers: [{ image: "x" }] } })).toThrow(expect.objectContaining({ code: 400 })));
});
