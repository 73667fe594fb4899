import { readFileSync, statSync } from "node:fs";

/** No kubeconfig, certificate or token comes near it. */
const mostBytes = 10 * 1024 * 1024;

/**
 * The text of a file that somebody named from afar. What is read here holds up everything else: of a pipe or a device
 * there may be no end, nor a beginning. Throws as `readFileSync`, and an Error that says why it isn't read.
 */
export function readPlainFile(path: string): string {
  const stats = statSync(path);
  if (!stats.isFile() && !stats.isDirectory()) throw new Error("it isn't a plain file");
  if (stats.size > mostBytes) throw new Error(`it is too large, with ${stats.size} bytes`);
  return readFileSync(path, "utf8");
}
