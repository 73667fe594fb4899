import { onPath } from "../../setup/paths.mjs";

/**
 * A command whose process ends with the one that starts it, however that ends, where util-linux offers it (setpriv(1));
 * elsewhere the command as it is.
 */
export function tied(program: string, args: readonly string[]): [program: string, args: string[]] {
  const setpriv = onPath(["setpriv"]);
  return setpriv === undefined ? [program, [...args]] : [setpriv, ["--pdeathsig", "KILL", program, ...args]];
}
