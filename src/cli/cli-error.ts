/**
 * Exit codes that CI can use. They are a promise: documented in docs/cli.md, and never renumbered.
 */
export const exitCodes = {
  ok: 0,
  /** Something was tried and went wrong: a release failed and was taken back, lint found errors, `diff` found differences. */
  failed: 1,
  /** The command or the file is wrong; nothing was sent or nothing was changed. */
  usage: 2,
  notFound: 3,
  /** Somebody else wrote first (412), or the thing is in use, or in no state for it (409). */
  conflict: 4,
  /** Not signed in, or not allowed. */
  denied: 5,
  /** The server can't be reached or is not well. */
  unavailable: 6,
  /** A newer release took over from the one that was waited for. */
  superseded: 7,
  /** `--timeout` is over; the release goes on. */
  timedOut: 8,
  /** Somebody aborted the release; it was taken back. */
  aborted: 9,
  /** The release failed and some clusters stay as it left them (`onFailure: stop`): somebody must look. */
  stopped: 10,
  /** Ctrl-C: as shells have it, 128 and the signal's number. */
  interrupted: 130,
} as const;

const exitCodeOf = {
  "no-server": exitCodes.unavailable,
  unreachable: exitCodes.unavailable,
  usage: exitCodes.usage,
  "not-found": exitCodes.notFound,
  conflict: exitCodes.conflict,
  failed: exitCodes.failed,
  superseded: exitCodes.superseded,
  "timed-out": exitCodes.timedOut,
  aborted: exitCodes.aborted,
  stopped: exitCodes.stopped,
} as const;

export type CliErrorCode = keyof typeof exitCodeOf;

/** An error that the command itself finds, with what to do next. */
export class CliError extends Error {
  readonly code: CliErrorCode;
  readonly hint: string | undefined;
  constructor(code: CliErrorCode, message: string, hint?: string) {
    super(message);
    this.name = "CliError";
    this.code = code;
    this.hint = hint;
  }

  get exitCode(): number {
    return exitCodeOf[this.code];
  }
}
