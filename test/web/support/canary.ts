import { pretendEvidence } from "./pretend-evidence.ts";
import { seedSegmentsAndTeams } from "./seed.ts";
import { startWorld, type World } from "./world.ts";

export const clusters = ["bogota", "lima", "montevideo", "quito"];

export interface CanarySpec {
  /** Of each weight. */
  hold?: string;
  steps?: unknown[];
  waves?: unknown[];
}

/** An App with two waves, the first of one cluster. */
export function canary({ hold = "2s", steps, waves }: CanarySpec = {}): Record<string, unknown> {
  return {
    team: "cacao",
    segment: "food",
    workload: { ports: [{ name: "http", port: 8080 }], replicas: { min: 4 }, drain: "1ms" },
    rollout: {
      steps: steps ?? [5, 25, 50].map((weight) => ({ weight, hold })),
      analysis: { interval: "1s", minRequests: 2 },
      waves: waves ?? [
        { name: "canary", clusters: { matchExpressions: [{ key: "market", operator: "In", values: ["bo"] }] } },
        { name: "rest", maxConcurrent: 2 },
      ],
      progressDeadline: "5m",
    },
  };
}

/** A real server and engine over pretended clusters whose requests are made up. An image that says `stuck` never gets ready. */
export async function startCanaries(names: readonly string[] = clusters): Promise<World> {
  const world = await startWorld({
    clusters: names,
    evidenceOf: pretendEvidence,
    trouble: (_, __, image) => (image.includes("stuck") ? "app CrashLoopBackOff: exited with code 1" : undefined),
  });
  await seedSegmentsAndTeams(world);
  return world;
}

export async function declare(world: World, name: string, spec: Record<string, unknown>): Promise<void> {
  await world.send("PUT", `/api/v1/apps/${name}`, {
    apiVersion: "quipu.dev/v1",
    kind: "App",
    metadata: { name },
    spec,
  });
}

export async function deploy(world: World, name: string, tag: string): Promise<void> {
  await world.send("POST", `/api/v1/apps/${name}/deploys`, { image: `registry.example/${name}:${tag}` });
}

/** The first release of an app, to its end: there is nothing yet to be compared with. */
export async function established(world: World, name: string, spec: Record<string, unknown>): Promise<void> {
  await declare(world, name, spec);
  await deploy(world, name, "1");
  for (;;) {
    const answer = await fetch(`${world.url}/api/v1/releases/${name}-r1`, {
      headers: { authorization: "Bearer admin-secret" },
    });
    const { status } = (await answer.json()) as { status?: { phase: string } };
    if (status?.phase === "finished") return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
