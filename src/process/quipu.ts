import { main } from "../cli/main.ts";

/** The `quipu` command: all that talks to the API, and what starts and stops processes of this machine. */
process.exitCode = await main(process.argv.slice(2), {
  up: async (options) => (await import("./up.ts")).up(options),
  down: async () => (await import("./down.ts")).down(),
});
