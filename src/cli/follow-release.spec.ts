import { expect, test } from "vitest";
import { CliError } from "./cli-error.ts";
import { followReleases, newestOfEach, releaseKey } from "./follow-release.ts";
import { baseView } from "./release-view.fixture.ts";
import type { ReleaseView } from "./release-view.ts";

type Answer = Partial<ReleaseView> | Error;

/** A server that gives these answers one after another, and what a log of CI shows of it. Time passes by sleeping only. */
async function follow(
  answers: readonly Answer[],
  timeoutMs?: number,
): Promise<{ text: string; error?: unknown; ms: number }> {
  let text = "";
  let time = 0;
  let asked = 0;
  const stream = { isTTY: false, write: (more: string) => (text += more) } as unknown as NodeJS.WriteStream;
  const client = {
    get: async () => {
      const answer = answers[Math.min(asked++, answers.length - 1)]!;
      if (answer instanceof Error) throw answer;
      return { ...baseView, at: time, ...answer };
    },
  };
  const sleep = async (ms: number) => void (time += ms);
  try {
    await followReleases(client as never, [{ app: "orders", number: 7 }], {
      stream,
      now: () => time,
      sleep,
      ...(timeoutMs !== undefined && { timeoutMs }),
    });
    return { text, ms: time };
  } catch (error) {
    return { text, error, ms: time };
  }
}

const away = new CliError("unreachable", "the server at http://x doesn't answer (ECONNREFUSED)");
const ended = (more: Partial<ReleaseView>) => ({ endedAt: 60_000, ...more });

test("each piece of news once, to the end", async () => {
  const { text, error } = await follow([{}, {}, ended({ phase: "finished" })]);
  expect(error).toBeUndefined();
  expect(text).toBe(
    "orders-r7: deploy by ana: better orders\n✔ orders-r7 finished after 1 min: r7 in place of r3 (workload)\n",
  );
});

test("a server that restarts is ridden out, and told of once", async () => {
  const { text, error } = await follow([{}, away, away, {}, ended({ phase: "finished" })]);
  expect(error).toBeUndefined();
  expect(text.match(/doesn't answer/g)).toHaveLength(1);
  expect(text).toContain("the server answers again");
});

test("a server that stays away", async () => {
  const { error, ms } = await follow([{}, away]);
  expect(error).toBe(away);
  expect((error as CliError).exitCode).toBe(6);
  expect(ms).toBeGreaterThan(60_000);
});

test.each([
  ["failed and taken back", ended({ phase: "failed", code: "unhealthy", reason: "bogota: 37 of 812" }), 1],
  ["superseded", ended({ phase: "superseded", code: "superseded", reason: "release 8 is newer" }), 7],
  ["of a train that stopped", ended({ phase: "stopped", reason: "the change was stopped" }), 7],
  ["aborted", ended({ phase: "failed", code: "aborted", reason: "aborted by ana" }), 9],
  [
    "stopped halfway",
    ended({
      phase: "failed",
      code: "unhealthy",
      reason: "lima: bad",
      waves: [
        {
          name: "wave 1",
          maxConcurrent: 1,
          state: "done",
          clusters: [{ cluster: "bogota", state: "kept", steps: [], back: [], revisions: [] }],
        },
      ],
    }),
    10,
  ],
] as [string, Answer, number][])("%s has an exit code of its own", async (_, end, code) => {
  const { error } = await follow([{}, end]);
  expect(error).toBeInstanceOf(CliError);
  expect((error as CliError).exitCode).toBe(code);
  expect((error as CliError).message).toContain("orders-r7");
});

test("nobody waits longer than --timeout, and the release goes on", async () => {
  const { error, ms } = await follow([{}], 5000);
  expect((error as CliError).exitCode).toBe(8);
  expect((error as CliError).message).toBe("release orders-r7 is still progressing after 5 s");
  expect(ms).toBe(5000);
});

test("releases by name; of several of one app the newest counts", () => {
  expect(["orders-r7", "my-r2-app-r12"].map(releaseKey)).toEqual([
    { app: "orders", number: 7 },
    { app: "my-r2-app", number: 12 },
  ]);
  expect(
    newestOfEach([
      { app: "a", number: 3 },
      { app: "b", number: 1 },
      { app: "a", number: 4 },
    ]),
  ).toEqual([
    { app: "a", number: 4 },
    { app: "b", number: 1 },
  ]);
});
