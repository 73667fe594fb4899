import { main } from "../cli/main.ts";

// A reader that has seen enough (`| head`) is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

/** The `quipu` command: all that talks to the API, and what starts and stops processes of this machine. */
process.exitCode = await main(process.argv.slice(2), {
  up: async (options) => (await import("./up.ts")).up(options),
  down: async () => (await import("./down.ts")).down(),
  agent: async (options) => (await import("./agent.ts")).agent(options),
  mesh: async (options) => (await import("./cluster-mesh.ts")).clusterMesh(options),
});
