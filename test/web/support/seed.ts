import type { World } from "./world.ts";

const segments = ["shop", "food", "money", "logistics"];
const teams = ["aji", "cacao", "lima", "mate", "quinoa", "tuna"];
const words = ["catalog", "orders", "pricing", "search", "ledger", "couriers", "tracking", "fraud", "menus", "ratings"];

export async function seedSegmentsAndTeams(world: World): Promise<void> {
  for (const name of segments)
    await world.send("PUT", `/api/v1/segments/${name}`, {
      apiVersion: "quipu.dev/v1",
      kind: "Segment",
      metadata: { name },
      spec: {},
    });
  for (const name of teams)
    await world.send("PUT", `/api/v1/teams/${name}`, {
      apiVersion: "quipu.dev/v1",
      kind: "Team",
      metadata: { name },
      spec: {},
    });
}

/** `catalog-0000` and so on, declared and not deployed. Straight into the store: through the API it would take minutes. */
export async function seedManyApps(world: World, count: number): Promise<void> {
  await world.store.write(async (tx) => {
    for (let index = 0; index < count; index++) {
      const name = `${words[index % words.length]}-${String(index).padStart(4, "0")}`;
      const spec = { team: teams[index % teams.length], segment: segments[index % segments.length] };
      await tx.put(
        { apiVersion: "quipu.dev/v1", kind: "App", metadata: { name }, spec },
        { expected: 0, clusters: [] },
      );
    }
  });
}

export async function applyAndDeploy(world: World, name: string, spec: Record<string, unknown>): Promise<void> {
  await world.send("PUT", `/api/v1/apps/${name}`, {
    apiVersion: "quipu.dev/v1",
    kind: "App",
    metadata: { name },
    spec,
  });
  await world.send("POST", `/api/v1/apps/${name}/deploys`, { image: `registry.example/${name}:1` });
}
