import type { App } from "../app.ts";
import { Problem } from "../problem.ts";
import type { Deadline, Subject } from "./subject.ts";

/** One request becoming more than this many is worth a word. */
const tolerable = 8;
/** Conditions under which a failure of the callee itself is tried again. The default ones hold before it has begun its work. */
const afterWork = new Set([
  "5xx",
  "gateway-error",
  "reset",
  "retriable-4xx",
  "deadline-exceeded",
  "internal",
  "resource-exhausted",
]);

function tries({ attempts, retryOn }: Deadline): number {
  return retryOn.some((condition) => afterWork.has(condition) || /^\d+$/.test(condition)) ? attempts + 1 : 1;
}

/** The path below the app along which retries multiply most. */
export function retryAmplification(subject: Subject): Problem[] {
  const worst = new Map<string, { product: number; path: string[] }>();
  const under = new Set<string>();
  const walk = (caller: App): { product: number; path: string[] } => {
    const { name } = caller.metadata;
    const known = worst.get(name);
    if (known !== undefined) return known;
    under.add(name);
    let best = { product: 1, path: [] as string[] };
    for (const call of caller.spec.calls ?? []) {
      const callee = "app" in call ? subject.fleet.apps.get(call.app) : undefined;
      const deadline = callee === undefined ? undefined : subject.deadline(caller, callee.metadata.name);
      // A call that closes a circle is left out: round it there is no end.
      if (callee === undefined || deadline === undefined || under.has(callee.metadata.name)) continue;
      const below = walk(callee);
      const product = tries(deadline) * below.product;
      if (product > best.product) best = { product, path: [callee.metadata.name, ...below.path] };
    }
    under.delete(name);
    worst.set(name, best);
    return best;
  };
  const { product, path } = walk(subject.app);
  if (product <= tolerable || path.length < 2) return [];
  const index = (subject.spec.calls ?? []).findIndex((call) => "app" in call && call.app === path[0]);
  return [
    new Problem(
      "retry-amplification",
      `One request to ${subject.app.metadata.name} may become ${product} at ${path.at(-1)}: ${[subject.app.metadata.name, ...path].join(" → ")}.`,
      {
        field: `spec.calls[${index}].retries.attempts`,
        found: product,
        accepted: `at most ${tolerable}: retry at one level only`,
      },
    ),
  ];
}
