import { describe, expect, it } from "vitest";
import { Graph } from "./memo.ts";

function setUp() {
  const graph = new Graph();
  const data = new Map<string, number>([
    ["a", 1],
    ["b", 2],
  ]);
  const runs: string[] = [];
  const input = graph.family("input", (key: string) => data.get(key) ?? 0);
  const parity = graph.family("parity", (key: string) => (runs.push(`parity ${key}`), input(key) % 2));
  const sum = graph.family(
    "sum",
    (keys: string) => (runs.push(`sum ${keys}`), keys.split("").reduce((total, key) => total + parity(key), 0)),
  );
  const set = (key: string, value: number) => {
    data.set(key, value);
    input.invalidate(key);
  };
  return { graph, data, runs, input, parity, sum, set };
}

describe("memoised functions", () => {
  it("compute once, and again only what an input reaches", () => {
    const { graph, runs, sum, set } = setUp();
    const marks: string[] = [];
    const watch = graph.watch(sum, "ab", () => marks.push("ab"));
    expect(watch.read()).toBe(1);
    expect(runs.splice(0)).toEqual(["sum ab", "parity a", "parity b"]);
    watch.read();
    expect(runs).toEqual([]);
    set("b", 3);
    expect(marks).toEqual(["ab"]);
    expect(watch.read()).toBe(2);
    expect(runs.splice(0)).toEqual(["parity b", "sum ab"]);
  });

  it("stop where a recomputed value is the same", () => {
    const { graph, runs, sum, set } = setUp();
    const watch = graph.watch(sum, "ab", () => {});
    watch.read();
    runs.length = 0;
    set("a", 5);
    watch.read();
    expect(runs).toEqual(["parity a"]);
  });

  it("follow dependencies that change from one computation to the next", () => {
    const { graph, data, input, set } = setUp();
    let computed = 0;
    const pick = graph.family("pick", () => (computed++, input("a") > 10 ? input("b") : -1));
    const watch = graph.watch(pick, "x", () => {});
    expect(watch.read()).toBe(-1);
    set("b", 7);
    watch.read();
    expect(computed).toBe(1);
    set("a", 11);
    expect(watch.read()).toBe(7);
    set("b", 8);
    expect(watch.read()).toBe(8);
    data.clear();
    expect(computed).toBe(3);
  });

  it("remember an error and recover from it", () => {
    const { graph, input, set } = setUp();
    const root = graph.family("root", (key: string) => 10 / check(key));
    const check = graph.family("check", (key: string) => {
      if (input(key) === 0) throw new Error("zero");
      return input(key);
    });
    let marks = 0;
    const watch = graph.watch(root, "a", () => marks++);
    expect(watch.read()).toBe(10);
    set("a", 0);
    expect(() => watch.read()).toThrow("zero");
    set("a", 5);
    expect(marks).toBe(2);
    expect(watch.read()).toBe(2);
  });

  it("forget what nobody watches", () => {
    const { graph, parity, input, sum } = setUp();
    const watch = graph.watch(sum, "ab", () => {});
    watch.read();
    expect([sum.size, parity.size, input.size]).toEqual([1, 2, 2]);
    watch.end();
    graph.sweep();
    expect([sum.size, parity.size, input.size]).toEqual([0, 0, 0]);
  });

  it("collect the objects that took part, also after one dropped out", () => {
    const { graph, input, set } = setUp();
    const leaf = graph.family("leaf", (key: string) => {
      graph.note(`VirtualService/ns/${input(key)}`);
      return input(key);
    });
    const root = graph.family("root", (key: string) => leaf(key));
    const watch = graph.watch(root, "a", () => {});
    watch.read();
    expect([...watch.objects()]).toEqual(["VirtualService/ns/1"]);
    set("a", 4);
    watch.read();
    expect([...watch.objects()]).toEqual(["VirtualService/ns/4"]);
  });
});
