import type { History } from "./events.ts";
import { simulate, type Broken, type Outcome } from "./simulation.ts";

/** A history that fails in the same way with as few events as leaving some out can find, and what it came to. */
export async function shrink(
  history: History,
  broken: Broken = {},
  tries = 400,
): Promise<{ history: History; outcome: Outcome }> {
  let best = { history, outcome: await simulate(history, broken) };
  const invariant = best.outcome.violation?.invariant;
  if (invariant === undefined) throw new Error("this history doesn't fail");
  for (let size = Math.ceil(best.history.events.length / 2); size >= 1 && tries > 0;) {
    let smaller = false;
    for (let from = 0; from < best.history.events.length && tries > 0; tries--) {
      const { events } = best.history;
      const candidate = { ...best.history, events: [...events.slice(0, from), ...events.slice(from + size)] };
      const outcome = await simulate(candidate, broken);
      if (outcome.violation?.invariant === invariant) {
        best = { history: candidate, outcome };
        smaller = true;
      } else from += size;
    }
    if (size === 1 && !smaller) break;
    size = Math.max(1, Math.floor(size / 2));
  }
  return best;
}
