import { permitted } from "../model/permission.ts";
import type { Edge, Roster, Rule } from "../model/rows.ts";

type Edges = Roster["edges"];

/** Both sets of rules, for the time in which both are in use. */
export function unionOfRules(a: readonly Rule[], b: readonly Rule[]): Rule[] {
  const known = new Set(a.map((rule) => JSON.stringify(rule)));
  return [...a, ...b.filter((rule) => !known.has(JSON.stringify(rule)))];
}

/** First step: what is new is admitted where the callee exists and permits it, else it waits; what is there stays, with the rules of both. */
export function widenEdges(now: Edges, target: Edges, caller: Roster, rosters: ReadonlyMap<string, Roster>): Edges {
  const result: Edges = { ...now };
  for (const [callee, edge] of Object.entries(target)) {
    const there = now[callee];
    const roster = callee === caller.app ? caller : rosters.get(callee);
    const may = roster !== undefined && permitted(roster, caller) !== undefined;
    const stage =
      there === undefined || there.stage === "wanted" || there.stage === "gone"
        ? may
          ? "admitted"
          : "wanted"
        : // One that closes is closed by the callee, which goes on with it: consent is withdrawn.
          there.stage;
    result[callee] = {
      ...edge,
      segment: roster?.segment ?? edge.segment,
      rules: there === undefined ? edge.rules : unionOfRules(there.rules, edge.rules),
      stage,
    };
  }
  return result;
}

/** Second: those that this release admitted come into scope. */
export function openEdges(now: Edges, mine: readonly string[]): Edges {
  return mapEdges(now, (callee, edge) =>
    edge.stage === "admitted" && mine.includes(callee) ? { ...edge, stage: "open" } : edge,
  );
}

/** Then those that are no longer declared close. */
export function closeEdges(now: Edges, target: Edges): Edges {
  return mapEdges(now, (callee, edge) => (target[callee] === undefined ? { ...edge, stage: "closing" } : edge));
}

/** Last: closed ones go, and rules are those that are declared. */
export function narrowEdges(now: Edges, target: Edges): Edges {
  const kept = Object.fromEntries(Object.entries(now).filter(([callee]) => target[callee] !== undefined));
  return mapEdges(kept, (callee, edge) => ({ ...edge, rules: target[callee]!.rules }));
}

/**
 * The edges as they were, at the stage that they have come to meanwhile; what this release admitted stays possible. One
 * that closes now is closed by its callee.
 */
export function restoreEdges(now: Edges, before: Edges, mine: readonly string[]): Edges {
  return mapEdges(before, (callee, edge) => {
    const stage = now[callee]?.stage ?? edge.stage;
    return { ...edge, stage: stage === "admitted" && mine.includes(callee) ? "open" : stage };
  });
}

export function mapEdges(edges: Edges, change: (callee: string, edge: Edges[string]) => Edges[string]): Edges {
  return Object.fromEntries(Object.entries(edges).map(([callee, edge]) => [callee, change(callee, edge)]));
}

/** A caller's edge to `callee` at another stage; undefined when nothing changes. */
export function withStage(caller: Roster, callee: string, stage: Edge["stage"], segment?: string): Roster | undefined {
  const edge = caller.edges[callee];
  return edge === undefined || edge.stage === stage
    ? undefined
    : { ...caller, edges: { ...caller.edges, [callee]: { ...edge, stage, segment: segment ?? edge.segment } } };
}

interface Staged {
  stage: Edge["stage"];
}

/** The same steps for exposed hosts and hosts outside, which nobody has to consent to. */
export function widenList<T extends Staged>(now: readonly T[], target: readonly T[], key: (entry: T) => string): T[] {
  const known = new Map(now.map((entry) => [key(entry), entry]));
  const wanted = new Set(target.map(key));
  return [
    ...now.filter((entry) => !wanted.has(key(entry))),
    ...target.map((entry) => ({
      ...(known.get(key(entry)) ?? entry),
      stage: known.get(key(entry))?.stage === "open" ? ("open" as const) : ("admitted" as const),
    })),
  ];
}
export function openList<T extends Staged>(now: readonly T[], target: readonly T[], key: (entry: T) => string): T[] {
  const wanted = new Set(target.map(key));
  return now.map((entry) => (wanted.has(key(entry)) ? { ...entry, stage: "open" as const } : entry));
}
export function switchList<T extends Staged>(now: readonly T[], target: readonly T[], key: (entry: T) => string): T[] {
  const wanted = new Map(target.map((entry) => [key(entry), entry]));
  return now.map((entry) => ({
    ...(wanted.get(key(entry)) ?? entry),
    stage: wanted.has(key(entry)) ? ("open" as const) : ("closing" as const),
  }));
}
export function narrowList<T extends Staged>(now: readonly T[]): T[] {
  return now.filter((entry) => entry.stage !== "closing" && entry.stage !== "gone");
}
