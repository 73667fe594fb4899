import { spawn, spawnSync } from "node:child_process";

export interface Result {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** An unmodified kubectl from the PATH, or QUIPU_KUBECTL. Fails the tier with a message when there is none. */
export function findKubectl(): string {
  const name = process.env["QUIPU_KUBECTL"] ?? "kubectl";
  const found = spawnSync(name, ["version", "--client", "-o", "json"], { encoding: "utf8" });
  if (found.status !== 0)
    throw new Error(
      `kubectl (${name}) doesn't start: ${found.error?.message ?? found.stderr}. Put one on the PATH or name it in QUIPU_KUBECTL`,
    );
  return name;
}

export interface Kubectl {
  (args: string, input?: unknown): Promise<Result>;
  /** Runs until `enough` holds for what it has printed, then is ended. `started` is called at its first word. */
  until(args: string, enough: (stdout: string) => boolean, started: () => void): Promise<string>;
}

/** `args` are split at spaces; `input` goes to its standard input, as JSON unless it is a string. */
export function kubectl(kubeconfig: string, home: string): Kubectl {
  const name = findKubectl();
  const start = (args: string) =>
    spawn(name, args.split(" "), { env: { PATH: process.env["PATH"], HOME: home, KUBECONFIG: kubeconfig, TZ: "UTC" } });
  const run = (args: string, input?: unknown): Promise<Result> =>
    new Promise((resolve, reject) => {
      const child = start(args);
      const result: Result = { code: null, stdout: "", stderr: "" };
      child.stdout.on("data", (chunk: Buffer) => {
        result.stdout += chunk.toString();
      });
      child.stderr.on("data", (chunk: Buffer) => {
        result.stderr += chunk.toString();
      });
      child.on("error", reject).on("close", (code) => resolve({ ...result, code }));
      child.stdin.end(input === undefined ? "" : typeof input === "string" ? input : JSON.stringify(input));
    });
  const until = (args: string, enough: (stdout: string) => boolean, started: () => void): Promise<string> =>
    new Promise((resolve, reject) => {
      const child = start(args);
      let [out, errors] = ["", ""];
      child.stdout.on("data", (chunk: Buffer) => {
        if (out === "") started();
        out += chunk.toString();
        if (!enough(out)) return;
        child.kill();
        resolve(out);
      });
      child.stderr.on("data", (chunk: Buffer) => {
        errors += chunk.toString();
      });
      child
        .on("error", reject)
        .on("close", () => reject(new Error(`kubectl ${args} ended too early:\n${out}\n${errors}`)));
    });
  return Object.assign(run, { until });
}
