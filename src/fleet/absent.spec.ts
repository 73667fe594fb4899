import { expect, test } from "vitest";
import { KubeError } from "../kube/kube-error.ts";
import type { ListOptions } from "../kube/kube-client.ts";
import { absentAmong } from "./absent.ts";

const keysOf = (...names: string[]) => names.map((name) => `v1/Service/money/${name}`);

/** A namespace with objects of others, and what was asked. */
function withOthers(names: string[], more: { continue?: string; fails?: KubeError } = {}) {
  const asked: ListOptions[] = [];
  let at = 0;
  const context = {
    client: {
      list: async (_: unknown, options: ListOptions = {}) => {
        asked.push(options);
        if (more.fails) throw more.fails;
        const items = names.map((name) => ({ apiVersion: "v1", kind: "Service", metadata: { name } })) as never[];
        return { items, resourceVersion: "1", ...(more.continue && { continue: more.continue }) };
      },
    },
    turn: async () => undefined,
    now: () => at,
  };
  return { context, asked, passes: (ms: number) => (at += ms) };
}

test("many of one kind and namespace are looked for at once, among what isn't ours", async () => {
  const { context, asked } = withOthers(["checkout"]);
  const isAbsent = absentAmong(keysOf("cart", "checkout", "ledger"), context);
  expect(await Promise.all(keysOf("cart", "checkout", "ledger").map(isAbsent))).toEqual([true, false, true]);
  expect(asked).toEqual([{ namespace: "money", labelSelector: "quipu.dev/managed!=true", limit: 500 }]);
});

test("few are looked at by themselves", async () => {
  const { context, asked } = withOthers([]);
  const isAbsent = absentAmong([...keysOf("cart", "ledger"), "v1/Service/food/cart"], context);
  expect(await Promise.all(keysOf("cart", "ledger").map(isAbsent))).toEqual([false, false]);
  expect(asked).toEqual([]);
});

test("so are all where there is too much else, or the list is refused", async () => {
  const refused = new KubeError("kube/status", "forbidden", { status: 403, reason: "Forbidden" });
  for (const more of [{ continue: "next" }, { fails: refused }]) {
    const isAbsent = absentAmong(keysOf("a", "b", "c"), withOthers([], more).context);
    expect(await isAbsent(keysOf("a")[0]!)).toBe(false);
  }
  const lost = new KubeError("kube/unreachable", "gone");
  await expect(
    absentAmong(keysOf("a", "b", "c"), withOthers([], { fails: lost }).context)("v1/Service/money/a"),
  ).rejects.toBe(lost);
});

test("a list is believed for a short while only", async () => {
  const { context, asked, passes } = withOthers([]);
  const isAbsent = absentAmong(keysOf("a", "b", "c"), context);
  await isAbsent("v1/Service/money/a");
  passes(5_000);
  await isAbsent("v1/Service/money/b");
  expect(asked).toHaveLength(1);
  passes(1);
  await isAbsent("v1/Service/money/c");
  expect(asked).toHaveLength(2);
});
