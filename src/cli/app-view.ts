import type { ProblemDocument } from "./api-client.ts";
import type { ReleaseObject } from "./release-object.ts";
import { type Paint, marks, plain } from "./output.ts";
import { hasEnded } from "./release-object.ts";
import { splitOutput } from "./release-wait.ts";

export interface RevisionView {
  ready: number;
  total: number;
  reason?: string;
}
export interface ClusterView {
  name: string;
  revision: string | null;
  image?: string;
  weights: Record<string, number>;
  revisions: Record<string, RevisionView>;
  ageMs: number | null;
  error?: string;
}
export interface EdgeView {
  app: string;
  segment: string;
  stage: string;
}
export interface ExposedHost {
  host: string;
  path: string;
  tls?: { secret: string };
  jwt?: string;
  stage: string;
}
/** What `GET /api/v1/apps/NAME/status` answers. */
export interface AppView {
  app: string;
  phase: "declared" | "starting" | "running" | "degraded";
  revision: string | null;
  image?: string;
  pods: { ready: number; total: number };
  clusters: ClusterView[];
  calls: EdgeView[];
  callers: EdgeView[];
  /** Exposed by the gateways of its clusters. */
  hosts: ExposedHost[];
  releases: ReleaseObject[];
  warnings?: ProblemDocument[];
}

const signs: Record<string, string> = {
  running: marks.good,
  finished: marks.good,
  degraded: marks.bad,
  failed: marks.bad,
  declared: marks.none,
};

/** The app as a tree: release, clusters, revisions. Pure; the lines are what a terminal shows. */
export function appTree(view: AppView, paint: Paint = plain): string[] {
  const mark = (phase: string) => markOf(phase, paint);
  const release = view.releases.toSorted((a, b) => b.spec.number - a.spec.number)[0];
  let written: string | undefined;
  /** What went wrong, in a line; what the app itself wrote stands once, below the tree. */
  const why = (reason: string | undefined) => {
    if (reason === undefined) return "";
    const { text, output } = splitOutput(reason);
    written ??= output;
    return ` – ${text}`;
  };
  const lines = [
    `${mark(view.phase)} ${paint("bold", view.app)} ${view.phase}${view.revision === null ? "" : `, revision ${view.revision}`}, ${view.pods.ready}/${view.pods.total} pods ready`,
  ];
  if (release !== undefined) {
    const { phase = "waiting", reason, code } = release.status ?? {};
    lines.push(
      `│ release ${release.spec.number} (${release.spec.parts.join(", ") || "nothing"}): ${mark(phase)} ${phase}${why(reason)}${code === undefined ? "" : ` [${code}]`}`,
    );
  }
  view.clusters.forEach((cluster, index) => {
    const last = index === view.clusters.length - 1;
    lines.push(
      `${last ? "└" : "├"}─ ${cluster.name}${cluster.error === undefined ? "" : ` ${paint("red", `${marks.bad} ${cluster.error}`)}`}`,
    );
    const revisions = Object.entries(cluster.revisions);
    revisions.forEach(([name, { ready, total, reason }], position) => {
      const well = total > 0 && ready === total;
      lines.push(
        `${last ? " " : "│"}  ${position === revisions.length - 1 ? "└" : "├"}─ ${well ? mark("running") : mark("starting")} ${name} ${cluster.weights[name] ?? 0} % ${ready}/${total} ready${why(reason)}`,
      );
    });
  });
  if (written !== undefined) lines.push("it wrote:", ...written.split("\n").map((line) => `| ${line}`));
  return lines;
}

/** Of the releases that came with it those under way, oldest first. */
export function openReleases({ releases }: AppView): ReleaseObject[] {
  return releases.filter(({ status }) => !hasEnded(status?.phase)).toSorted((a, b) => a.spec.number - b.spec.number);
}

function markOf(phase: string, paint: Paint): string {
  const sign = signs[phase] ?? marks.wait;
  return paint(sign === marks.good ? "green" : sign === marks.bad ? "red" : "yellow", sign);
}
