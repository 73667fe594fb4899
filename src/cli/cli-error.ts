/**
 * Exit codes that CI can use. They are a promise: documented in docs/cli.md, and never renumbered.
 */
export const exitCodes = {
  ok: 0,
  /** Something was tried and went wrong: a release failed, lint found errors, `diff` found differences. */
  failed: 1,
  /** The command or the file is wrong; nothing was sent or nothing was changed. */
  usage: 2,
  notFound: 3,
  /** Somebody else wrote first (412), or the thing is in use (409). */
  conflict: 4,
  /** Not signed in, or not allowed. */
  denied: 5,
  /** The server can't be reached or is not well. */
  unavailable: 6,
} as const;

export type CliErrorCode = "no-server" | "unreachable" | "usage" | "failed";

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
}
