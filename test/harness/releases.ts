import { stringify } from "yaml";
import type { ReleaseView, StepView } from "../../src/release/release-view.ts";
import { uploadFixture } from "./apps.ts";
import { eventually } from "./eventually.ts";
import type { TestFleet } from "./fleet.ts";

export type Behaviour = "good" | "failing" | "slow" | "unready" | "crashing" | "weak";

export interface StoryApp {
  name: string;
  segment?: string;
  version?: string;
  behaviour?: Behaviour;
  replicas?: number;
  env?: Record<string, string>;
  /** Merged over its rollout. */
  rollout?: Record<string, unknown>;
  /** Merged over its workload. */
  workload?: Record<string, unknown>;
  /** The rest of its spec. */
  spec?: Record<string, unknown>;
}

/** A busy machine must not turn a right answer red. */
const generousMs = 150_000;

/** Short holds, and looks every second: what each test's releases go by unless it says otherwise. */
export const quick = {
  steps: [
    { weight: 10, hold: "2s" },
    { weight: 50, hold: "2s" },
  ],
  analysis: { interval: "1s", minRequests: 20, noTraffic: "hold" },
};

/** An App that runs the fixture `story`. */
export function storyApp({
  name,
  segment = "one",
  version = "v1",
  behaviour = "good",
  replicas = 1,
  env = {},
  rollout = {},
  workload = {},
  spec = {},
}: StoryApp): string {
  return stringify({
    apiVersion: "quipu.dev/v1",
    kind: "App",
    metadata: { name },
    spec: {
      team: "testers",
      segment,
      workload: {
        command: ["node", "index.mjs"],
        ports: [{ name: "http", port: 8080 }],
        probes: { readiness: "/ready" },
        replicas: { min: replicas, max: replicas },
        drain: "1s",
        terminationGracePeriod: "2s",
        env: { VERSION: version, BEHAVIOUR: behaviour, ...env },
        ...workload,
      },
      ...spec,
      rollout: { ...quick, ...rollout },
    },
  });
}

export interface Accepted {
  app: string;
  number: number;
  warnings: { code: string; detail?: string }[];
}
interface Written {
  releases: string[];
  warnings: Accepted["warnings"];
}

function accepted(app: string, { releases, warnings }: Written): Accepted {
  const mine = releases.find((name) => name.startsWith(`${app}-r`));
  if (mine === undefined) throw new Error(`no release of ${app} came of it: ${JSON.stringify({ releases, warnings })}`);
  return { app, number: Number(mine.slice(app.length + 2)), warnings };
}

/** Declares the app as it is to be now; the release that comes of it. */
export async function declare(fleet: TestFleet, app: StoryApp): Promise<Accepted> {
  return accepted(app.name, await put(fleet, storyApp(app)));
}

/** Declares one document, whatever comes of it. */
export async function put(fleet: TestFleet, yaml: string): Promise<Written> {
  const { body } = await fleet.apply(yaml).then(([first]) => first as { body: Written });
  return body;
}

/** Releases the fixture `story` for an app: its first release, or another artifact. */
export async function deploy(fleet: TestFleet, app: string): Promise<Accepted> {
  const artifact = await uploadFixture(fleet, "story");
  const { body } = await fleet.client.call<Written>("POST", `/api/v1/apps/${app}/deploys`, { body: { artifact } });
  return accepted(app, body);
}

export function view(fleet: TestFleet, { app, number }: Pick<Accepted, "app" | "number">): Promise<ReleaseView> {
  return fleet.client.get<ReleaseView>(`/api/v1/apps/${app}/releases/${number}`);
}

/** Waits until a release has come as far as `reached` says. */
export async function until(
  fleet: TestFleet,
  release: Pick<Accepted, "app" | "number">,
  reached: (view: ReleaseView) => boolean,
  timeoutMs = generousMs,
): Promise<ReleaseView> {
  return eventually(
    async () => {
      const now = await view(fleet, release);
      if (!reached(now)) throw new Error(`not there yet: ${brief(now)}`);
      return now;
    },
    timeoutMs,
    50,
  );
}

/** Waits for a release's end, whatever it is. */
export function ended(
  fleet: TestFleet,
  release: Pick<Accepted, "app" | "number">,
  timeoutMs = generousMs,
): Promise<ReleaseView> {
  return until(fleet, release, ({ endedAt }) => endedAt !== undefined, timeoutMs);
}

/** Waits for the end of each and throws unless all finished. */
export async function finished(fleet: TestFleet, ...releases: Pick<Accepted, "app" | "number">[]): Promise<void> {
  for (const view of await Promise.all(releases.map((release) => ended(fleet, release))))
    if (view.phase !== "finished") throw new Error(brief(view));
}

/** The step of that weight in a cluster. */
export function stepOf(waves: ReleaseView["waves"], cluster: string, weight: number): StepView | undefined {
  return waves
    .flatMap(({ clusters }) => clusters)
    .find((one) => one.cluster === cluster)
    ?.steps.find((step) => step.weight === weight);
}

/** When a step of that kind was written first, and when the way back from it was acknowledged everywhere. Unix ms. */
export function spanOf(view: ReleaseView, from: (step: StepView) => boolean): { from: number; to: number } {
  const clusters = view.waves.flatMap((wave) => wave.clusters);
  const written = clusters.flatMap(({ steps }) => steps.filter(from).flatMap(({ writtenAt }) => writtenAt ?? []));
  const back = clusters.flatMap(({ back }) =>
    back.filter((step) => step.do === "back").flatMap(({ heldAt }) => heldAt ?? []),
  );
  return { from: Math.min(...written), to: Math.max(...back) };
}

/** Whether the step of that weight is acknowledged in a cluster, or in any. */
export function atWeight(weight: number, cluster?: string): (view: ReleaseView) => boolean {
  return ({ waves }) =>
    waves
      .flatMap(({ clusters }) => clusters)
      .some(
        (one) =>
          (cluster === undefined || one.cluster === cluster) &&
          one.steps.some((step) => step.weight === weight && step.heldAt !== undefined),
      );
}

/** The largest weight that a release's revision had anywhere, in percent. */
export function mostWeight({ waves }: ReleaseView): number {
  const weights = waves.flatMap(({ clusters }) =>
    clusters.flatMap(({ steps }) =>
      steps.flatMap(({ weight, writtenAt }) => (writtenAt === undefined ? [] : [weight ?? 0])),
    ),
  );
  return Math.max(0, ...weights);
}

/** One release in a few lines, for a failing test. */
export function brief({ app, number, phase, code, reason, stages, waves, waits, events }: ReleaseView): string {
  const steps = (list: ReleaseView["stages"]) => list.map((step) => `${step.label} ${step.state}`).join(", ");
  return [
    `release ${number} of ${app}: ${phase} ${code ?? ""} ${reason ?? ""}`,
    `  fleet: ${steps(stages)}`,
    ...waves.flatMap(({ clusters }) =>
      clusters.flatMap((one) => [
        `  ${one.cluster} ${one.state}: ${steps(one.steps)}`,
        ...(one.back.length > 0 ? [`    back: ${steps(one.back)}`] : []),
        `    ${one.revisions.map((r) => `${r.revision} ${r.role} ${r.weight} % ${r.ready}/${r.total}`).join(", ")}`,
      ]),
    ),
    ...waits.map(({ cell, kind, reason: why }) => `  waits ${cell} ${kind}: ${why}`),
    ...events.slice(-6).map((event) => `  ${JSON.stringify(event)}`),
  ].join("\n");
}
