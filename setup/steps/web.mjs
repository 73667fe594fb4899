// @ts-check
// The web UI, built by Vite: web/ → web/dist.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { executable, pinnedNode, root } from "../paths.mjs";
import { FailedProgram, SetupError, run } from "../run.mjs";
import { isStamped, keyOf, stamp } from "../stamp.mjs";

const web = join(root, "web");
const stampFile = join(web, "dist", ".stamp");

/** @type {import("../steps.mjs").Step} */
export const webBuild = {
  title: "web UI",
  isDone: () => !existsSync(join(web, "index.html")) || isStamped(stampFile, key()),
  async run() {
    const before = key();
    const vite = join(root, "node_modules", "vite", "bin", "vite.js");
    try {
      await run(executable(pinnedNode) ?? process.execPath, [vite, "build", "--logLevel", "warn"], {
        cwd: web,
        env: { ...process.env, NODE_ENV: "production" },
      });
    } catch (error) {
      if (error instanceof FailedProgram) throw new SetupError("the web UI can't be built", undefined, error.output);
      throw error;
    }
    stamp(stampFile, before); // what was edited meanwhile counts as newer
  },
};

function key() {
  return keyOf({
    paths: [web, join(root, "package-lock.json"), join(root, "docs", "openapi.json")],
    skip: (name) => ["dist", "generated", "node_modules"].includes(name) || /\.spec\.tsx?$/.test(name),
  });
}
