import { spawn } from "node:child_process";
import { PodProblem } from "./pod-problem.ts";
import type { ProbeResult } from "./probe.ts";

export interface ExecProbe {
  command: readonly string[];
  cwd: string;
  env: Record<string, string>;
}

/** What is kept of a probe's output, in characters. */
const maxOutput = 1000;

/** Runs a command as a probe: good when it ends with 0 in time. What it started ends with it. */
export function execProbe({ command, cwd, env }: ExecProbe, timeoutMs: number): Promise<ProbeResult> {
  const [program, ...args] = command;
  if (program === undefined) return Promise.resolve({ ok: false, message: "the probe has no command" });
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const collect = (chunk: Buffer): void => {
      if (output.length < maxOutput) output = (output + chunk.toString()).slice(0, maxOutput);
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    const end = (result: ProbeResult): void => {
      clearTimeout(timer);
      if (child.pid !== undefined) killGroup(child.pid);
      child.stdout.destroy();
      child.stderr.destroy();
      resolve(result);
    };
    const timer = setTimeout(
      () => end({ ok: false, message: `command "${command.join(" ")}" timed out after ${timeoutMs / 1000} s` }),
      timeoutMs,
    );
    child.once("error", (error) => end({ ok: false, message: error.message }));
    child.once("exit", (code, signal) => {
      // What it has written may still be on its way.
      setImmediate(() =>
        end({
          ok: code === 0,
          message: output.trim() || `command "${command.join(" ")}" ended with ${code ?? signal ?? "?"}`,
        }),
      );
    });
  });
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Nothing of it is left.
  }
}

/** The environment of a probe: the app's own, without the marks by which a pod's processes are found and adopted. */
export function probeEnvironment(environment: () => Record<string, string>): Record<string, string> | PodProblem {
  try {
    const { QUIPU_FLEET: _fleet, QUIPU_ROLE: _role, QUIPU_SPAWN: _spawn, ...env } = environment();
    return env;
  } catch (error) {
    if (error instanceof PodProblem) return error;
    throw error;
  }
}
