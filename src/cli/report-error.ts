import { ApiError, type ProblemDocument } from "./api-client.ts";
import { CliError, exitCodes } from "./cli-error.ts";
import { paint } from "./output.ts";

/** Says on stderr what went wrong and returns the exit code. Never a stack trace for what a user can mend. */
export function reportError(
  error: unknown,
  write: (text: string) => void = (text) => void process.stderr.write(text),
): number {
  const label = paint("red", "error:", process.stderr);
  if (error instanceof ApiError) {
    const all = error.problem.problems ?? [error.problem];
    for (const problem of all) write(`${label} ${describe(problem)}\n`);
    if (error.hint !== undefined) write(`  ${error.hint}\n`);
    return exitCodeOf(error.problem.status);
  }
  if (error instanceof CliError) {
    write(`${label} ${error.message}\n`);
    if (error.hint !== undefined) write(`  ${error.hint}\n`);
    return error.exitCode;
  }
  write(
    `${label} ${error instanceof Error ? (process.env.QUIPU_DEBUG === undefined ? error.message : error.stack) : String(error)}\n`,
  );
  return exitCodes.failed;
}

/** One problem in one line (two when something is accepted): code, field, what was found, what is accepted. */
export function describe(problem: ProblemDocument): string {
  const where = problem.field === undefined ? "" : `${problem.field}: `;
  const accepted =
    problem.accepted === undefined || (problem.detail ?? "").includes(String(problem.accepted))
      ? ""
      : `\n  accepted: ${show(problem.accepted)}`;
  const told = [problem.found].flat().every((one) => (problem.detail ?? "").includes(show(one)));
  const found = problem.found === undefined || told ? "" : ` (found ${show(problem.found)})`;
  return `${where}${problem.detail ?? problem.title}${found} [${problem.code}]${accepted}`;
}

function show(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function exitCodeOf(status: number): number {
  if (status === 401 || status === 403) return exitCodes.denied;
  if (status === 404) return exitCodes.notFound;
  if (status === 409 || status === 412) return exitCodes.conflict;
  if (status >= 500) return exitCodes.unavailable;
  return exitCodes.usage;
}
