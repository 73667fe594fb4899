import { expect, test } from "vitest";
import { CliError } from "./cli-error.ts";
import { baseView } from "./release-view.fixture.ts";
import type { ReleaseView } from "./release-view.ts";
import { underWay } from "./under-way.ts";

/** A server with these releases of `orders`, by number. */
function server(releases: Record<number, { phase: string; commands?: Partial<ReleaseView["commands"]> }>) {
  return {
    get: async (path: string) => {
      const number = Number(/releases\/(\d+)$/.exec(path)?.[1]);
      if (number > 0) return { ...baseView, number, commands: { ...baseView.commands, ...releases[number]!.commands } };
      if (path === "/api/v1/releases")
        return {
          items: Object.entries(releases).map(([key, { phase }]) => ({
            metadata: { name: `orders-r${key}` },
            spec: { app: "orders", number: Number(key), parts: [] },
            status: { phase },
          })),
        };
      throw new Error(`there is no app: ${path}`);
    },
  } as never;
}

test("the newest under way", async () => {
  const client = server({ 7: { phase: "going back" }, 9: { phase: "finished" }, 10: { phase: "progressing" } });
  expect((await underWay(client, "orders", "abort")).number).toBe(10);
});

test("one that can be told so comes before a newer one that can't", async () => {
  const client = server({ 9: { phase: "progressing" }, 10: { phase: "waiting", commands: { promote: "it waits" } } });
  expect((await underWay(client, "orders", "promote")).number).toBe(9);
  expect((await underWay(client, "orders", "abort")).number).toBe(10);
});

test("the newest, whose refusal says why, when none can be told so", async () => {
  const commands = { promote: "it waits" };
  const client = server({ 9: { phase: "progressing", commands }, 10: { phase: "progressing", commands } });
  expect((await underWay(client, "orders", "promote")).number).toBe(10);
});

test("none is under way: what else can be done", async () => {
  await expect(underWay(server({ 3: { phase: "failed" } }), "orders", "abort")).rejects.toMatchObject({
    exitCode: 4,
    hint: expect.stringContaining("quipu retry orders") as string,
  });
  await expect(underWay(server({}), "orders", "abort")).rejects.toThrow("there is no app");
  expect(new CliError("conflict", "").exitCode).toBe(4);
});
