/** What a mesh process says of a request: the parts of its explanations that are compared. */
export interface Outcome {
  status: number;
  flag?: string;
  by: string;
  rule?: string;
  object?: string;
  cluster?: string;
}
export interface Explanation {
  outcome: Outcome;
  alternatives: readonly { chance: number; outcome: Outcome }[];
  unknown: readonly string[];
}

/** Envoy's response flags, in words. */
const flags: Record<string, string> = {
  UT: "timeout",
  UO: "overflow",
  RL: "rate limit",
  RLSE: "no answer of the rate-limit service",
  UH: "no endpoint",
  NR: "no route",
  NC: "no cluster",
  UF: "no connection",
  UC: "connection lost",
  FI: "fault on purpose",
};

/** Whether it is the app's own answer, or that of a server whose proxy isn't known: an address, or an Envoy cluster. */
export function isApps({ by }: Outcome): boolean {
  return by.startsWith("the app of ") || by.includes("|") || /^[\d.]+:\d+$/.test(by);
}

/** Refused by authorization, or not among what the caller may call. */
export function isDenied(outcome: Outcome): boolean {
  const { status, flag, rule } = outcome;
  if (isApps(outcome)) return false;
  if (status === 0) return flag === undefined || flag === "UF";
  return rule === "route block_all" || flag === "NR" || (flag === undefined && (status === 401 || status === 403));
}

export function fails({ status }: Outcome): boolean {
  return status === 0 || status >= 400;
}

/** `504 timeout by alice.one, route default of VirtualService/one/bob`; of the app's own answer only the status. */
function wordsOf(outcome: Outcome): string {
  const { status, flag, by, rule, object } = outcome;
  const code = status === 0 ? "closed:" : String(status);
  if (isApps(outcome)) return flag === "URX" ? `${code}, no more retries` : code;
  const scope = rule === "route block_all" ? "not in scope" : isDenied(outcome) ? "denied" : "answered";
  const why = flag === undefined ? scope : (flags[flag] ?? flag);
  return `${code} ${why} by ${by}${rule === undefined ? "" : `, ${rule}`}${object === undefined ? "" : ` of ${object}`}`;
}

/** All ways with their chances, when there are several that differ in words. */
export function explanationWords({ alternatives }: Explanation): string {
  const chances = new Map<string, number>();
  for (const { chance, outcome } of alternatives) {
    const words = wordsOf(outcome);
    chances.set(words, (chances.get(words) ?? 0) + chance);
  }
  if (chances.size === 1) return [...chances.keys()][0]!;
  return [...chances].map(([words, chance]) => `${words} (${Math.round(chance * 100)} %)`).join(" or ");
}
