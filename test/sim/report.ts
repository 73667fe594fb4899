import type { History } from "./events.ts";
import type { Outcome } from "./simulation.ts";

/** What a history and its end look like, for whoever has to find out why. */
export function describeFailure(seed: number, history: History, { violation, entries }: Outcome): string {
  const time = (ms: number): string => new Date(ms).toISOString().slice(11, 23);
  return [
    `seed ${seed} breaks "${violation!.invariant}": ${violation!.message}`,
    `the shortest history that does (delays from seed ${history.seed}; clusters ${history.clusters.join(", ")}; reach ${JSON.stringify(history.reach)}):`,
    ...history.events.map(({ at, ...event }) => `  ${time(at)} ${JSON.stringify(event)}`),
    "the last records of the journal:",
    ...entries
      .slice(-12)
      .map(
        ({ app, release, action, at, body }) =>
          `  ${time(at)} ${app} ${release} ${action} ${JSON.stringify(body).slice(0, 300)}`,
      ),
  ].join("\n");
}

export class Totals {
  readonly outcomes: Record<string, number> = {};
  readonly faults: Record<string, number> = {};
  releases = 0;
  restarts = 0;
  steps = 0;
  hours = 0;
  histories = 0;

  add(outcome: Omit<Outcome, "entries" | "violation">): void {
    this.histories++;
    this.releases += outcome.releases;
    this.restarts += outcome.restarts;
    this.steps += outcome.steps;
    this.hours += outcome.took / 3_600_000;
    for (const key of ["outcomes", "faults"] as const)
      for (const [name, count] of Object.entries(outcome[key])) this[key][name] = (this[key][name] ?? 0) + count;
  }

  toString(): string {
    const list = (counts: Record<string, number>): string =>
      Object.entries(counts)
        .toSorted(([, a], [, b]) => b - a)
        .map(([name, count]) => `${name} ${count}`)
        .join(", ");
    return [
      `${this.releases} releases in ${this.histories} histories, ${Math.round(this.hours)} simulated hours, ${this.steps} steps, ${this.restarts} restarts`,
      `ends: ${list(this.outcomes)}`,
      `faults: ${list(this.faults)}`,
    ].join("\n");
  }
}
