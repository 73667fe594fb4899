import { expect, test } from "vitest";
import { CliError } from "./cli-error.ts";
import { followRelease, type ReleaseView } from "./follow-release.ts";
import { Progress } from "./progress.ts";

type Status = NonNullable<ReleaseView["status"]>;

/** A server whose release goes through these states, and what a log of CI shows of it. */
async function follow(states: readonly Status[]): Promise<{ text: string; error?: unknown }> {
  let text = "";
  const stream = { isTTY: false, write: (more: string) => (text += more) } as unknown as NodeJS.WriteStream;
  let asked = 0;
  const client = {
    get: async () => ({
      metadata: { name: "a-r2", creationTimestamp: "" },
      spec: { app: "a", number: 2, parts: ["workload"] },
      status: states[Math.min(asked++, states.length - 1)],
    }),
  };
  try {
    await followRelease(client as never, "a-r2", new Progress(stream));
    return { text };
  } catch (error) {
    return { text, error };
  }
}

test("what a crashing app wrote is shown once, and the deadline from the start", async () => {
  const waiting = (reason: string): Status => ({
    phase: "progressing",
    step: "widen",
    reason,
    deadline: Date.now() + 599_500,
    then: "the release fails",
  });
  const { text, error } = await follow([
    waiting("0 of 1 pods of r2 are ready: starting"),
    waiting("0 of 1 pods of r2 are ready: exited with code 3: boom\nbang"),
    waiting("0 of 1 pods of r2 are ready: CrashLoopBackOff: exited with code 3: boom at 12:01\nbang"),
    {
      phase: "failed",
      step: null,
      reason: "0 of 1 pods of r2 are ready: CrashLoopBackOff: exited with code 3: boom\nbang",
      code: "crashing",
    },
  ]);
  expect(text.split("\n")[0]).toBe(
    "a-r2: widen – 0 of 1 pods of r2 are ready: starting (deadline in 10 min: then the release fails)",
  );
  expect(text.match(/boom/g)).toHaveLength(1);
  expect(text).toContain("  | boom\n  | bang\n");
  expect(error).toBeInstanceOf(CliError);
  expect((error as Error).message).toBe(
    "release a-r2 failed: 0 of 1 pods of r2 are ready: CrashLoopBackOff: exited with code 3 [crashing]",
  );
});

test("a time that runs down alone makes no further line in a log", async () => {
  const waiting = (deadline: number): Status => ({ phase: "progressing", step: "widen", reason: "no pod", deadline });
  const { text, error } = await follow([
    waiting(Date.now() + 60_000),
    waiting(Date.now() + 50_000),
    { phase: "finished", step: null },
  ]);
  expect(error).toBeUndefined();
  expect(text.match(/no pod/g)).toHaveLength(1);
});
