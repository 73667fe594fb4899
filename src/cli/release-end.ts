import { CliError, type CliErrorCode } from "./cli-error.ts";
import { harmless } from "./fit-line.ts";
import { splitOutput } from "./release-wait.ts";
import { releaseName, type ReleaseView } from "./release-view.ts";

/** How a release ended, as an error with an exit code of its own; undefined: it finished. Pure. */
export function endError(view: ReleaseView): CliError | undefined {
  const { phase, code, reason, app } = view;
  if (phase === "finished") return undefined;
  const name = releaseName(view);
  const why = `${reason === undefined ? "" : `: ${harmless(splitOutput(reason).text)}`}${code === undefined ? "" : ` [${code}]`}`;
  const kept = view.waves.flatMap(({ clusters }) =>
    clusters.flatMap((one) => (one.state === "kept" ? [one.cluster] : [])),
  );
  if (phase === "superseded") return new CliError("superseded", `release ${name} was superseded${why}`);
  if (phase === "stopped") return new CliError("superseded", `release ${name} never began${why}`);
  if (kept.length > 0)
    return new CliError(
      "stopped",
      `release ${name} failed and stays as it is in ${kept.join(", ")}${why}`,
      `Go on with "quipu retry ${app}", or back with "quipu undo ${app}".`,
    );
  if (code === "aborted") return new CliError("aborted", `release ${name} was aborted and taken back${why}`);
  return new CliError("failed", `release ${name} failed${why}`, "What ran before is untouched.");
}

/** The worst comes first: the exit code of several releases is that of the worst end. */
const worst: readonly CliErrorCode[] = ["stopped", "failed", "aborted", "timed-out", "superseded"];

/** Of several ends one error; undefined: all finished. */
export function together(errors: readonly (CliError | undefined)[]): CliError | undefined {
  const found = errors.filter((error) => error !== undefined);
  const [first] = found.toSorted((a, b) => worst.indexOf(a.code) - worst.indexOf(b.code));
  if (first === undefined || found.length === 1) return first;
  return new CliError(first.code, found.map(({ message }) => message).join("\n"), first.hint);
}
