import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What the fleet's processes said within so many ms of a moment, in the order of time: `server.log +12 ms: release: …`. */
export function linesNear(home: string, at: number, withinMs: number): string[] {
  const folder = join(home, "logs");
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".log"))
    .flatMap((name) =>
      readFileSync(join(folder, name), "utf8")
        .split("\n")
        .flatMap((line) => {
          const said = read(line);
          if (said === undefined || Math.abs(said.time - at) > withinMs) return [];
          const { time, level: _, pid: _pid, hostname: _host, msg, ...rest } = said;
          const offset = time - at;
          return [{ time, text: `${name} ${offset >= 0 ? "+" : ""}${offset} ms: ${msg} ${JSON.stringify(rest)}` }];
        }),
    )
    .toSorted((a, b) => a.time - b.time)
    .map(({ text }) => text);
}

/** Not every line is one of ours, and the last one of a process that was killed may be cut off. */
function read(line: string): ({ time: number; msg: string } & Record<string, unknown>) | undefined {
  try {
    const said = JSON.parse(line);
    return typeof said?.time === "number" ? said : undefined;
  } catch {
    return undefined;
  }
}
