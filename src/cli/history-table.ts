import { harmless } from "./fit-line.ts";
import { age, marks, table, type Paint } from "./output.ts";
import type { ReleaseObject } from "./release-object.ts";
import { span, splitOutput } from "./release-wait.ts";

/** One release as `quipu history` tells it; also the JSON of it. Times in Unix ms. */
export interface HistoryEntry {
  release: number;
  acceptedAt: number;
  by: string;
  cause: string;
  message?: string;
  parts: string[];
  outcome: string;
  code?: string;
  /** Absent: it is under way. */
  durationMs?: number;
  reason?: string;
}

export function historyEntry({ metadata, spec, status }: ReleaseObject): HistoryEntry {
  const { phase = "waiting", code, reason, finishedAt } = status ?? {};
  const acceptedAt = Date.parse(metadata.creationTimestamp);
  const { kind = "", by = "", message, release } = spec.cause ?? {};
  return {
    release: spec.number,
    acceptedAt,
    by,
    cause: release === undefined ? kind : `${kind} to ${release}`,
    ...(message !== undefined && { message }),
    parts: spec.parts,
    outcome: phase === "failed" && code === "aborted" ? "aborted" : phase,
    ...(code !== undefined && { code }),
    ...(finishedAt !== undefined && { durationMs: Math.max(0, finishedAt - acceptedAt) }),
    ...(reason !== undefined && { reason }),
  };
}

const looks: Record<string, [string, "green" | "red" | "grey"]> = {
  finished: [marks.good, "green"],
  failed: [marks.bad, "red"],
  aborted: [marks.bad, "red"],
  superseded: [marks.none, "grey"],
  stopped: [marks.none, "grey"],
};

/** Newest first, as they come. Pure. */
export function historyTable(entries: readonly HistoryEntry[], now: number, paint: Paint): string[] {
  return table(entries, [
    { header: "RELEASE", value: ({ release }) => String(release), align: "right" },
    { header: "AGE", value: ({ acceptedAt }) => age(acceptedAt, now), align: "right" },
    { header: "BY", value: ({ by }) => by || "–" },
    { header: "CAUSE", value: ({ cause }) => cause || "–" },
    { header: "PARTS", value: ({ parts }) => parts.join(",") || "–" },
    {
      header: "OUTCOME",
      value: ({ outcome }) => {
        const [mark, colour] = looks[outcome] ?? [marks.wait, "yellow" as const];
        return `${paint(colour, mark)} ${outcome}`;
      },
    },
    { header: "TOOK", value: ({ durationMs }) => (durationMs === undefined ? "–" : span(durationMs)), align: "right" },
    { header: "REASON", value: reasonOf },
  ]).split("\n");
}

/** Why it ended so; of one that ended well, why it was made. */
function reasonOf({ reason, code, message }: HistoryEntry): string {
  if (reason === undefined) return message === undefined ? "–" : harmless(message);
  return `${harmless(splitOutput(reason).text)}${code === undefined ? "" : ` [${code}]`}`;
}
