/** What a testbed that was ended without a chance to tidy up has left: its folder, and processes where nothing ties them to their starter. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { readStat } from "../../src/cluster/runtime/process-scan.ts";
import { isAlive, ownProcesses, send } from "../../src/process/proc.ts";

const prefix = "quipu-testbed-";

/** A folder of our own; its name is what our processes carry as `QUIPU_FLEET`. */
export function createFolder(): { folder: string; id: string } {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  writeFileSync(join(folder, "owner"), `${process.pid} ${readStat(process.pid)?.startTime ?? 0}`);
  return { folder, id: basename(folder) };
}

/** Ends and removes what belongs to a testbed whose starter is gone. */
export function removeAbandoned(): void {
  for (const id of readdirSync(tmpdir()).filter((entry) => entry.startsWith(prefix))) {
    const folder = join(tmpdir(), id);
    if (ownerOf(folder)) continue;
    for (const { pid } of ownProcesses(id)) send(pid, "SIGKILL");
    // A process that is just ending may still write.
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

/** True while its starter lives, and for folders of others, which we may not read. */
function ownerOf(folder: string): boolean {
  let text: string;
  try {
    text = readFileSync(join(folder, "owner"), "utf8");
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ENOENT" || readdirSync(folder).length === 0;
  }
  const [pid, startTime] = text.split(" ").map(Number);
  return isAlive(pid as number, startTime as number);
}
