// @ts-check
// Running another program, quietly: what it said is shown only when it fails.
import { spawn } from "node:child_process";

/** A failure that the user can act on: it is printed without a stack. */
export class SetupError extends Error {
  /**
   * @param {string} message what could not be had
   * @param {string} [advice] what to do
   * @param {string} [output] what the failed program said
   */
  constructor(message, advice, output) {
    super(message);
    this.advice = advice;
    this.output = output;
  }
}

/** The program isn't there at all. */
export class MissingProgram extends SetupError {}

/** The program ran, and failed. */
export class FailedProgram extends SetupError {}

/**
 * @param {string} program
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, input?: Uint8Array }} [options]
 * @returns {Promise<Buffer>} its standard output
 * @throws {MissingProgram | FailedProgram}
 */
export function run(program, args, { cwd, env = process.env, input } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, stdio: ["pipe", "pipe", "pipe"] });
    /** @type {Buffer[]} */
    const out = [];
    /** @type {Buffer[]} */
    const err = [];
    child.stdout.on("data", (chunk) => out.push(chunk));
    child.stderr.on("data", (chunk) => err.push(chunk));
    child.stdin.on("error", () => {}); // it may end before it has read everything; its exit code tells
    child.stdin.end(input);
    child.on("error", (error) => reject(new MissingProgram(`${program} can't be started (${error.message})`)));
    child.on("close", (code, signal) => {
      if (code === 0) return resolve(Buffer.concat(out));
      const said = Buffer.concat([...err, ...(input ? [] : out)])
        .toString()
        .trim();
      reject(new FailedProgram(`${program} ${args[0] ?? ""} ended with ${signal ?? code}`, undefined, said));
    });
  });
}

/**
 * Did a download fail because nothing could be reached?
 * @param {string} output what npm or pip said
 */
export function soundsOffline(output) {
  return /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|NewConnectionError|ConnectTimeoutError|Name or service not known|Temporary failure in name resolution|network is unreachable/i.test(
    output,
  );
}
