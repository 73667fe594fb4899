import type { ReleasePart } from "../model/release.ts";
import { personMs, type Wait } from "../rollout/gates.ts";
import type { Cause } from "./accept.ts";
import type { ClusterView, ReleaseView, WaveView } from "./release-view.ts";

/** One wave of a release in a list: enough for a small drawing. */
export interface WaveSummary {
  name: string;
  state: WaveView["state"];
  clusters: number;
  /** Of them. */
  done: number;
  takenBack: number;
  /** Steps that are done, as a share of all (0 to 1). */
  progress: number;
}

/** A release in a list of the whole fleet. Times in Unix ms. */
export interface ReleaseSummary {
  app: string;
  number: number;
  team: string;
  segment: string;
  phase: string;
  parts: ReleasePart[];
  cause: Cause;
  revision: string | null;
  from: string | null;
  acceptedAt: number;
  endedAt?: number;
  code?: string;
  reason?: string;
  waves: WaveSummary[];
  /** Share that the new revision is asked to carry, in percent: the least and the most of the clusters reached. null: it takes no weight steps. */
  weight: { least: number; most: number } | null;
  /** What stands first among the waits: a person before everything else, then what is over soonest. */
  wait: Wait | null;
  /** How many more there are. */
  moreWaits: number;
}

/** Pure. */
export function summaryOf(view: ReleaseView, { team, segment }: { team: string; segment: string }): ReleaseSummary {
  const { app, number, phase, parts, cause, revision, from, acceptedAt, endedAt, code, reason, waits } = view;
  const [wait = null, ...rest] = [...pauseOf(view), ...waits].toSorted(
    (a, b) => Number(b.kind === "person") - Number(a.kind === "person") || a.until - b.until,
  );
  return {
    app,
    number,
    team,
    segment,
    phase,
    parts,
    cause,
    revision,
    from,
    acceptedAt,
    ...(endedAt !== undefined && { endedAt }),
    ...(code !== undefined && { code }),
    ...(reason !== undefined && { reason }),
    waves: view.waves.map(waveOf),
    weight: weightOf(
      revision,
      view.waves.flatMap(({ clusters }) => clusters),
    ),
    wait,
    moreWaits: rest.length,
  };
}

/** A pause counts from when it was said, though the present step is still watched to its end. */
function pauseOf({ paused, waits }: ReleaseView): Wait[] {
  if (paused === undefined || waits.some(({ kind }) => kind === "person")) return [];
  return [
    {
      cell: "",
      kind: "person",
      reason: `paused by ${paused.by}${paused.why === undefined ? "" : `: ${paused.why}`}`,
      until: paused.at + personMs,
      // oxlint-disable-next-line unicorn/no-thenable -- what happens then: a word of the API
      then: "the release is taken back",
    },
  ];
}

function waveOf({ name, state, clusters }: WaveView): WaveSummary {
  const steps = clusters.flatMap((cluster) => cluster.steps);
  return {
    name,
    state,
    clusters: clusters.length,
    done: clusters.filter((cluster) => cluster.state === "done" || cluster.state === "kept").length,
    takenBack: clusters.filter((cluster) => cluster.state === "taken back" || cluster.state === "going back").length,
    progress: steps.length === 0 ? 1 : steps.filter((step) => step.state === "done").length / steps.length,
  };
}

function weightOf(revision: string | null, clusters: readonly ClusterView[]): ReleaseSummary["weight"] {
  if (!clusters.some(({ steps }) => steps.some((step) => step.do === "weight"))) return null;
  const reached = clusters.filter(({ state }) => state !== "waiting");
  const weights = reached.map(({ revisions }) => revisions.find((each) => each.revision === revision)?.weight ?? 0);
  return weights.length === 0 ? { least: 0, most: 0 } : { least: Math.min(...weights), most: Math.max(...weights) };
}
