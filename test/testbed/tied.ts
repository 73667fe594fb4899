import { onPath } from "../../setup/paths.mjs";

/**
 * A command whose process gets the signal when the one that starts it has ended, however it ended, where util-linux offers
 * it (setpriv(1)); elsewhere the command as it is.
 */
export function tied(
  program: string,
  args: readonly string[],
  signal: "KILL" | "TERM" = "KILL",
): [program: string, args: string[]] {
  const setpriv = onPath(["setpriv"]);
  return setpriv === undefined ? [program, [...args]] : [setpriv, ["--pdeathsig", signal, program, ...args]];
}
