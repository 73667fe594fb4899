import { runServer } from "../../src/process/server.ts";

/**
 * The server with one port replaced: whoever is asked whether proxies have acknowledged says yes. Only for control runs,
 * which must fail where the real server doesn't; the product can't be told to do so.
 */
await runServer(process.argv[2] as string, () => ({
  ask: () => Promise.resolve({ done: true, evidence: "nobody was asked" }),
  close: () => Promise.resolve(),
}));
