import { expect, test } from "vitest";
import { ApiError } from "./api-client.ts";
import { CliError } from "./cli-error.ts";
import { patiently } from "./patience.ts";

const away = () => new CliError("unreachable", "away");
const problem = (status: number) => new ApiError({ type: "", title: "no", status, code: "x" });
/** Fails with these, then works. Time passes by sleeping only. */
function trying(errors: Error[], { stopped = () => false }: { stopped?: () => boolean } = {}) {
  let time = 0;
  const left = [...errors];
  const work = async () => {
    const error = left.shift();
    if (error !== undefined) throw error;
    return "done";
  };
  return patiently(work, { forMs: 1000, stopped, now: () => time, sleep: async (ms) => void (time += ms) });
}

test("a server that restarts is ridden out", async () => {
  await expect(trying([away(), problem(503), away()])).resolves.toBe("done");
});

test.each([
  ["one that refuses", [problem(422)], {}],
  ["one that stays away", Array.from({ length: 20 }, away), {}],
  ["one that is told to stop", [away()], { stopped: () => true }],
])("%s isn't", async (_, errors, options) => {
  await expect(trying(errors, options)).rejects.toThrow();
});
