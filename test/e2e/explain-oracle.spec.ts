import { afterAll, beforeAll, expect, test } from "vitest";
import { explain } from "../../src/mesh/explain/explain.ts";
import type { Explanation } from "../../src/mesh/explain/explanation.ts";
import { again, randomCase, type Case } from "./support/oracle-cases.ts";
import type { Seen } from "./support/oracle-client.ts";
import { configuration } from "./support/oracle-objects.ts";
import { Random } from "./support/oracle-random.ts";
import { NotPrepared, OracleWorld } from "./support/oracle-world.ts";

/**
 * `explain` against real Envoys: random requests over random configurations. Another seed: `QUIPU_ORACLE_SEED=7`, and
 * `QUIPU_ORACLE_ONLY=12` plays only that configuration of it.
 */
const seed = Number(process.env.QUIPU_ORACLE_SEED ?? 20_261);
const only = process.env.QUIPU_ORACLE_ONLY === undefined ? undefined : Number(process.env.QUIPU_ORACLE_ONLY);
const configurations = 40;
const casesEach = 25;
const wanted = [200, 403, 404, 429, 502, 503, 504];
/** A way that is less likely than this isn't waited for. */
const likely = 0.2;

let world: OracleWorld;
let marks = 0;
beforeAll(async () => {
  world = await OracleWorld.start();
});
afterAll(async () => {
  await world?.stop();
});

/** What can be seen from outside of a way: the status, and which replica's app answered, if one did. */
function predicted({ alternatives }: Explanation): Map<string, number> {
  const ways = new Map<string, number>();
  for (const {
    chance,
    outcome: { status, by, cluster },
  } of alternatives) {
    const subset = cluster?.split("|")[2];
    const way = `${status} ${by.startsWith("the app of") ? `app ${subset ?? ""}`.trim() : "proxy"}`;
    ways.set(way, (ways.get(way) ?? 0) + chance);
  }
  return ways;
}

function told({ status, served }: Seen, direct: boolean): string {
  return `${status} ${served === "" ? "proxy" : direct ? "app" : `app ${served}`}`;
}

/** Plays a case; when what prepares it goes wrong, anew. */
async function play(one: Case): Promise<Seen> {
  for (let attempt = 0; ; attempt++)
    try {
      return await world.play(attempt === 0 ? one : again(one, `anew-${++marks}`));
    } catch (error) {
      if (!(error instanceof NotPrepared) || attempt === 4) throw error;
    }
}

/** Plays a case; with several ways until each that is likely has come. */
async function agrees(one: Case, ways: Map<string, number>): Promise<{ ok: boolean; seen: Set<string>; first: Seen }> {
  const seen = new Set<string>();
  const direct = one.question.direct !== undefined;
  const missing = () => [...ways].some(([way, chance]) => chance >= likely && !seen.has(way));
  let first: Seen | undefined;
  for (let round = 0; round < 60 && (round === 0 || (ways.size > 1 && missing())); round++) {
    const came = await play(round === 0 ? one : again(one, `again-${++marks}`));
    first ??= came;
    seen.add(told(came, direct));
    if (!ways.has(told(came, direct))) return { ok: false, seen, first };
  }
  return { ok: !missing(), seen, first: first! };
}

test(`explain and Envoy agree on ${configurations * casesEach} requests`, async () => {
  const counts: Record<string, number> = {};
  const flags: Record<string, number> = {};
  const disagreements: string[] = [];
  let several = 0;
  for (let number = 0; number < configurations; number++) {
    if (only !== undefined && only !== number) continue;
    const random = new Random(seed * 1000 + number);
    const made = configuration(random, number);
    world.apply(made.objects);
    await world.settled();
    const cases = Array.from({ length: casesEach }, (_, index) =>
      randomCase(random, made, world.places, `case-${seed}-${number}-${index}`),
    );
    const pools = made.callerPool !== undefined || made.inboundPool !== undefined;
    const run = async (one: Case, index: number): Promise<void> => {
      const ask = (asked: Case) =>
        explain(world.configAt(world.places.ana)!, (address) => world.configAt(address), asked.question);
      const explanation = ask(one);
      const ways = predicted(explanation);
      let result = await agrees(one, ways);
      // A busy machine may answer late; an explanation that is wrong is wrong again.
      for (let retry = 0; retry < 2 && !result.ok; retry++) result = await agrees(again(one, `retry-${++marks}`), ways);
      if (ways.size > 1) several++;
      counts[result.first.status] = (counts[result.first.status] ?? 0) + 1;
      const flag = explanation.outcome.flag ?? (explanation.outcome.by.startsWith("the app of") ? "app" : "proxy");
      flags[flag] = (flags[flag] ?? 0) + 1;
      if (!result.ok || explanation.unknown.length > 0)
        disagreements.push(
          `configuration ${number}, case ${index}: explained ${JSON.stringify(Object.fromEntries(ways))} (${explanation.outcome.reason}), seen ${[...result.seen].join(", ")}; ${explanation.unknown.join("; ")} ${JSON.stringify(one)}`,
        );
    };
    // Pools are counted: nothing else may be on its way.
    const lanes = pools ? 1 : 8;
    const queue = [...cases.entries()];
    await Promise.all(
      Array.from({ length: lanes }, async () => {
        for (let next = queue.shift(); next !== undefined; next = queue.shift()) await run(next[1], next[0]);
      }),
    );
  }
  console.log(
    `seed ${seed}: ${JSON.stringify(counts)} by status, ${JSON.stringify(flags)} by what decides; ${several} requests with several ways`,
  );
  expect(world.errors).toEqual([]);
  expect(disagreements, `seed ${seed}`).toEqual([]);
  if (only === undefined)
    for (const status of wanted) expect(counts[status] ?? 0, `answers with ${status}`).toBeGreaterThanOrEqual(50);
});
