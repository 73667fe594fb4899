import { spawn } from "node:child_process";
import { resolve } from "node:path";
import type { TestFleet } from "./fleet.ts";

const quipu = resolve(import.meta.dirname, "../../src/process/quipu.ts");

export interface Following {
  /** What it has printed on standard output so far. */
  stdout: () => string;
  /** Ends it as Ctrl-C does; resolves with its exit code, or its signal when that ended it. */
  interrupt: () => Promise<number | NodeJS.Signals | null>;
}

/** A command that doesn't end by itself (`logs -f`, `status --watch`). */
export function follow(fleet: TestFleet, ...words: string[]): Following {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", quipu, ...words], {
    env: { ...process.env, QUIPU_HOME: fleet.home, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "ignore"],
  });
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const ended = new Promise<number | NodeJS.Signals | null>((done) =>
    child.once("close", (code, signal) => done(code ?? signal)),
  );
  return {
    stdout: () => text,
    interrupt: () => {
      child.kill("SIGINT");
      return ended;
    },
  };
}
