import { createHash, randomBytes } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { access, chmod, lstat, mkdir, open, readdir, rename, rm, stat, symlink, utimes } from "node:fs/promises";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { extract, type Header } from "tar-stream";
import type { UnpackedArtifact } from "./artifact-cleanup.ts";
import { PodProblem } from "./pod-problem.ts";

export interface ArtifactSource {
  /** The archive's bytes; throws an Error that says why it can't be had. */
  fetch(digest: string): Promise<AsyncIterable<Uint8Array>>;
}

/** The largest archive, packed. */
const maxBytes = 1024 ** 3;

/** Artifacts of one cluster, unpacked once each, read-only, in a folder named by their digest. */
export class ArtifactStore {
  readonly #root: string;
  readonly #source: ArtifactSource;
  readonly #pending = new Map<string, Promise<string>>();

  constructor(root: string, source: ArtifactSource) {
    this.#root = root;
    this.#source = source;
  }

  /** The folder of the artifact; fetches it first when it isn't here. Throws PodProblem ErrImagePull. */
  async folder(digest: string): Promise<{ path: string; pulled: boolean }> {
    const path = join(this.#root, digest);
    if (await exists(path)) {
      await touch(path);
      return { path, pulled: false };
    }
    const pending = this.#pending.get(digest) ?? this.#pull(digest, path).finally(() => this.#pending.delete(digest));
    this.#pending.set(digest, pending);
    return { path: await pending, pulled: true };
  }

  /** What is here, and when a pod last started from it. */
  async unpacked(): Promise<UnpackedArtifact[]> {
    const found: UnpackedArtifact[] = [];
    for (const digest of await readdir(this.#root).catch(() => []))
      if (/^[0-9a-f]{64}$/.test(digest)) found.push({ digest, usedAt: (await stat(join(this.#root, digest))).mtimeMs });
    return found;
  }

  /** Removes an artifact; a pod that names it after all fetches it again. */
  async remove(digest: string): Promise<void> {
    const gone = join(this.#root, `.${digest.slice(0, 16)}-${randomBytes(4).toString("hex")}`);
    // First away from its name, so that a folder by that name is always whole.
    await rename(join(this.#root, digest), gone);
    await removeAll(gone);
  }

  /** Removes what a stop left half fetched or half removed. Before anything is fetched. */
  async tidy(): Promise<void> {
    for (const entry of await readdir(this.#root).catch(() => []))
      if (entry.startsWith(".")) await removeAll(join(this.#root, entry));
  }

  async #pull(digest: string, path: string): Promise<string> {
    const work = join(this.#root, `.${digest.slice(0, 16)}-${randomBytes(4).toString("hex")}`);
    await mkdir(work, { recursive: true, mode: 0o700 });
    try {
      const archive = join(work, "archive");
      await download(await this.#source.fetch(digest), archive, digest);
      await unpack(archive, join(work, "root"));
      // A rename, so that a folder by that name is always whole.
      await touch(join(work, "root"));
      await rename(join(work, "root"), path).catch(async (error: NodeJS.ErrnoException) => {
        if (!(await exists(path))) throw error;
      });
      return path;
    } catch (error) {
      if (error instanceof PodProblem) throw error;
      throw new PodProblem("ErrImagePull", `artifact sha256:${digest} can't be fetched: ${(error as Error).message}`);
    } finally {
      await removeAll(work);
    }
  }
}

async function download(source: AsyncIterable<Uint8Array>, path: string, digest: string): Promise<void> {
  const hash = createHash("sha256");
  let size = 0;
  await pipeline(
    source,
    new Transform({
      transform(chunk: Buffer, _encoding, done) {
        hash.update(chunk);
        size += chunk.length;
        done(size > maxBytes ? new Error(`it is larger than ${maxBytes} bytes`) : null, chunk);
      },
    }),
    createWriteStream(path, { mode: 0o600 }),
  );
  const found = hash.digest("hex");
  if (found !== digest)
    throw new PodProblem(
      "ErrImagePull",
      `artifact sha256:${digest} has the wrong content: what arrived has sha256:${found}`,
    );
}

/** Files of a tar archive, gzipped or not, below `root`. Entries that lead out of it are refused. */
async function unpack(archive: string, root: string): Promise<void> {
  await mkdir(root, { recursive: true });
  const inside = (base: string, name: string): string => {
    const full = resolve(base, name);
    if (isAbsolute(name) || (full !== root && !full.startsWith(`${root}/`)))
      throw new Error(`entry "${name}" leads out of the archive`);
    return full;
  };
  const tar = extract();
  const gzip = await isGzip(archive);
  const feed = gzip
    ? pipeline(createReadStream(archive), createGunzip(), tar)
    : pipeline(createReadStream(archive), tar);
  const folders: string[] = [root];
  const read = async (): Promise<void> => {
    for await (const entry of tar) {
      const header: Header = entry.header;
      const path = inside(root, header.name.replace(/^\.\//, "") || ".");
      if (header.type === "directory") {
        await mkdir(path, { recursive: true });
        folders.push(path);
        entry.resume();
        continue;
      }
      await mkdir(dirname(path), { recursive: true });
      if (header.type === "symlink") {
        inside(dirname(path), header.linkname ?? "");
        await symlink(header.linkname ?? "", path);
        entry.resume();
      } else if (header.type === "file" || header.type === "contiguous-file") {
        // A link laid down before must not carry a file elsewhere.
        await refuseLinks(root, dirname(path));
        await pipeline(
          entry,
          createWriteStream(path, { flags: "wx", mode: ((header.mode ?? 0o644) & 0o111) === 0 ? 0o444 : 0o555 }),
        );
      } else {
        throw new Error(
          `entry "${header.name}" is a ${header.type ?? "?"}; accepted: files, folders, symbolic links inside the archive`,
        );
      }
    }
  };
  await Promise.all([feed, read()]);
  await Promise.all(folders.map((folder) => chmod(folder, 0o755)));
}

async function refuseLinks(root: string, folder: string): Promise<void> {
  for (let path = folder; path !== root && path.startsWith(root); path = dirname(path)) {
    if ((await lstat(path)).isSymbolicLink())
      throw new Error(`entry goes through the symbolic link "${path.slice(root.length + 1)}"`);
  }
}

async function isGzip(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await file.close();
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** The time of the folder tells when it was last used. */
async function touch(folder: string): Promise<void> {
  const now = new Date();
  await utimes(folder, now, now).catch(() => undefined);
}

async function removeAll(folder: string): Promise<void> {
  await writable(folder);
  await rm(folder, { recursive: true, force: true });
}

async function writable(folder: string): Promise<void> {
  await chmod(folder, 0o700).catch(() => undefined);
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => []))
    if (entry.isDirectory()) await writable(join(folder, entry.name));
}
