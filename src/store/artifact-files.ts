import { createHash, randomBytes } from "node:crypto";
import { createWriteStream, mkdirSync } from "node:fs";
import { open, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Problem } from "../model/problem.ts";

/** Largest archive, in bytes. */
export const maxArtifactBytes = 512 * 1024 * 1024;

/** The bytes of artifacts: one file each, named by the digest of its content, so that a name can't stand for two contents. */
export class ArtifactFiles {
  readonly #folder: string;
  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  /** Keeps what comes, if it has the digest that was announced. Nothing is kept otherwise. */
  async save(
    bytes: AsyncIterable<Buffer>,
    announced: string | undefined,
    limit = maxArtifactBytes,
  ): Promise<{ digest: string; size: number }> {
    const temporary = join(this.#folder, `.${randomBytes(8).toString("hex")}.part`);
    const hash = createHash("sha256");
    let size = 0;
    try {
      await pipeline(
        bytes,
        new Transform({
          transform(chunk: Buffer, _, done) {
            size += chunk.length;
            if (size > limit)
              return done(
                new Problem("too-large", `The archive has more than ${limit} bytes.`, {
                  found: `more than ${limit}`,
                  accepted: `at most ${limit} bytes`,
                }),
              );
            hash.update(chunk);
            done(null, chunk);
          },
        }),
        createWriteStream(temporary, { mode: 0o600 }),
      );
      const digest = `sha256:${hash.digest("hex")}`;
      if (announced !== undefined && announced !== digest)
        throw new Problem("artifact-mismatch", `The archive that arrived has ${digest}.`, {
          field: "digest",
          found: announced,
          accepted: digest,
        });
      if (size === 0)
        throw new Problem("artifact-mismatch", "The archive is empty.", { found: 0, accepted: "a tar archive" });
      const file = await open(temporary, "r+");
      await file.sync();
      await file.close();
      await rename(temporary, this.path(digest));
      return { digest, size };
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  path(digest: string): string {
    return join(this.#folder, digest.replace("sha256:", ""));
  }

  async has(digest: string): Promise<boolean> {
    return stat(this.path(digest)).then(
      (found) => found.isFile(),
      () => false,
    );
  }
}
