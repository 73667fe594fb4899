import { marks, paint, table } from "./output.ts";

interface Outcome {
  status: number;
  flag?: string;
  by: string;
  rule?: string;
  object?: string;
  reason: string;
}
interface Step {
  proxy: string;
  what: string;
  rule: string;
  object?: string;
  detail: string;
}

/** As `POST /api/v1/explain` answers. */
export interface Explanation {
  cluster?: string;
  outcome: Outcome;
  steps: Step[];
  alternatives: { chance: number; outcome: Outcome; steps: Step[] }[];
  unknown: string[];
}

/** For a terminal: first what comes out and why, then the way there, step by step. */
export function explanationText({ outcome, steps, alternatives, unknown }: Explanation): string[] {
  const lines = [headline(outcome), ...facts(outcome), ...way(steps)];
  const others = alternatives.slice(1);
  if (others.length > 0) {
    lines.push("", `${paint("bold", "Or")} (this was the likeliest, ${percent(alternatives[0]!.chance)}):`);
    for (const { chance, outcome: other } of others) lines.push(`${percent(chance).padStart(5)}  ${headline(other)}`);
  }
  for (const word of unknown) lines.push("", `${paint("yellow", marks.wait)} ${word}`);
  return lines;
}

function headline({ status, reason }: Outcome): string {
  const good = status > 0 && status < 400;
  return `${paint(good ? "green" : "red", good ? marks.good : marks.bad)} ${reason}`;
}

function facts({ by, rule, object, flag }: Outcome): string[] {
  const named = [
    ["answered by", by],
    ["rule", rule],
    ["object", object],
    ["Envoy's flag", flag],
  ] as const;
  return named
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `  ${paint("grey", `${name}:`)} ${value}`);
}

function way(steps: readonly Step[]): string[] {
  if (steps.length === 0) return [];
  return [
    "",
    ...table(steps, [
      { header: "PROXY", value: ({ proxy }) => proxy },
      { header: "WHAT", value: ({ what }) => what },
      { header: "RULE", value: ({ rule }) => rule },
      { header: "FROM", value: ({ object }) => object ?? "" },
      { header: "DETAIL", value: ({ detail }) => detail },
    ]).split("\n"),
  ];
}

function percent(chance: number): string {
  return `${(chance * 100).toFixed(chance < 0.1 ? 1 : 0)} %`;
}
