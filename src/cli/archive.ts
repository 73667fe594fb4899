import { createHash } from "node:crypto";
import { lstatSync, readFileSync, readdirSync, readlinkSync } from "node:fs";
import { join, posix, relative, resolve, sep } from "node:path";
import { pack } from "tar-stream";
import { CliError } from "./cli-error.ts";

export interface Archive {
  bytes: Buffer;
  /** `sha256:…` of the bytes. */ digest: string;
  files: number;
}

const limit = 512 * 1024 * 1024;

/**
 * A folder as a tar archive that depends on nothing but its content: sorted names, no times, no owners. The same
 * folder gives the same digest on every machine. `.git` stays out; links that lead out of the folder are refused.
 */
export async function archiveFolder(folder: string): Promise<Archive> {
  const root = resolve(folder);
  let isFolder: boolean;
  try {
    isFolder = lstatSync(root).isDirectory();
  } catch {
    throw new CliError("usage", `--from ${folder}: there is no such folder`);
  }
  if (!isFolder) throw new CliError("usage", `--from ${folder}: not a folder`);
  const tar = pack();
  const chunks: Buffer[] = [];
  const whole = (async () => {
    for await (const chunk of tar) chunks.push(chunk as Buffer);
  })();
  let size = 0;
  let files = 0;
  for (const path of walk(root)) {
    const name = relative(root, path).split(sep).join(posix.sep);
    const stat = lstatSync(path);
    const common = { mtime: new Date(0), uid: 0, gid: 0, uname: "", gname: "" };
    if (stat.isDirectory()) tar.entry({ ...common, name: `${name}/`, type: "directory", mode: 0o755 });
    else if (stat.isSymbolicLink()) {
      const target = readlinkSync(path);
      if (relative(root, resolve(path, "..", target)).startsWith(".."))
        throw new CliError(
          "usage",
          `--from ${folder}: the link ${name} leads out of the folder (${target})`,
          "Only links within the folder can be released.",
        );
      tar.entry({ ...common, name, type: "symlink", linkname: target, mode: 0o777 });
    } else if (stat.isFile()) {
      size += stat.size;
      if (size > limit)
        throw new CliError(
          "usage",
          `--from ${folder}: more than ${limit / 1024 / 1024} MiB`,
          "Leave out what the app doesn't need to run.",
        );
      tar.entry({ ...common, name, mode: (stat.mode & 0o111) === 0 ? 0o644 : 0o755 }, readFileSync(path));
    } else throw new CliError("usage", `--from ${folder}: ${name} is neither a file, a folder nor a link`);
    files++;
  }
  if (files === 0) throw new CliError("usage", `--from ${folder}: the folder is empty`);
  tar.finalize();
  await whole;
  const bytes = Buffer.concat(chunks);
  return { bytes, digest: `sha256:${createHash("sha256").update(bytes).digest("hex")}`, files };
}

function* walk(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name === ".git") continue;
    const path = join(folder, entry.name);
    yield path;
    if (entry.isDirectory()) yield* walk(path);
  }
}
