import { readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * What the server did to a release, in order, as it says in its log after each commit: `release: write weight`, `release:
 * back: held unsubset`. The log is read and not the journal, for the server may be dead and its database is its own.
 */
export function positionsOf(home: string, app: string, release: number): string[] {
  return readFileSync(join(home, "logs", "server.log"), "utf8")
    .split("\n")
    .flatMap((line) => {
      if (!line.includes(`"app":"${app}"`)) return [];
      try {
        const { msg, ...entry } = JSON.parse(line) as { msg: string; app: string; release: number };
        if (entry.app !== app || entry.release !== release) return [];
        if (msg === "release ended") return ["end"];
        return msg.startsWith("release: ") ? [msg.slice("release: ".length)] : [];
      } catch {
        // The last line of a process that was killed may be cut off.
        return [];
      }
    });
}
