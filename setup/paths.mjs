// @ts-check
// Where the things are that set-up provides. Tests and the process room read this.
import { accessSync, constants, existsSync, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ENVOY } from "./pins.mjs";

/** The checkout. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The Node that the lock file pins. It exists once set-up has run, where npm offers one for this platform. */
export const pinnedNode = join(root, "node_modules", ".bin", "node");

/** Downloads that all checkouts of a user share, in folders named by version. */
export function cacheDir(env = process.env) {
  return join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), ".cache"), "quipu");
}

/** Where set-up keeps the Envoy that it fetched. */
export function cachedEnvoy(env = process.env) {
  return join(cacheDir(env), `envoy-${ENVOY.version}`, "envoy");
}

/**
 * The Envoy to run: `QUIPU_ENVOY`, else `envoy` on the PATH, else the one that set-up fetched.
 * @returns {string} an executable file
 * @throws {Error} when there is none; the message says what to do
 */
export function envoyPath(env = process.env) {
  const own = ownEnvoy(env) ?? executable(cachedEnvoy(env));
  if (own) return own;
  throw new Error("no Envoy found: run `npm run setup`, or set QUIPU_ENVOY to an envoy binary");
}

/**
 * The user's own Envoy, which comes before ours.
 * @returns {string | undefined}
 */
export function ownEnvoy(env = process.env) {
  if (!env.QUIPU_ENVOY) return onPath(["envoy"], env);
  if (executable(env.QUIPU_ENVOY)) return env.QUIPU_ENVOY;
  throw new Error(`QUIPU_ENVOY is "${env.QUIPU_ENVOY}", which is not an executable file`);
}

/** The folder into which set-up unpacks the Chromium of the lock file, for tests alone. */
export function chromiumDir(env = process.env) {
  const manifest = join(root, "node_modules", "@sparticuz", "chromium", "package.json");
  return join(cacheDir(env), `chromium-${JSON.parse(readFileSync(manifest, "utf8")).version}`);
}

/**
 * The Chromium for tests: `QUIPU_CHROMIUM`, else one on the PATH, else the one that set-up unpacked.
 * `env` is what its process needs besides the environment (our own brings its fonts along).
 * @returns {{ executablePath: string, args: string[], env: Record<string, string> }}
 * @throws {Error} when there is none
 */
export function chromium(env = process.env) {
  // Without root there is no set-uid sandbox; tests open nothing but pages of this checkout.
  const args = ["--no-sandbox", "--disable-dev-shm-usage", "--font-render-hinting=none"];
  const own = ownChromium(env);
  if (own) return { executablePath: own, args, env: {} };
  const dir = chromiumDir(env);
  const unpacked = executable(join(dir, "chromium"));
  if (unpacked) return { executablePath: unpacked, args, env: chromiumEnv(dir) };
  throw new Error("no Chromium found: run `npm run setup -- --tests`, or set QUIPU_CHROMIUM");
}

/** @param {string} dir */
function chromiumEnv(dir) {
  /** @type {Record<string, string>} */
  const env = { FONTCONFIG_FILE: join(dir, "fonts.conf") };
  const libraries = join(dir, "al2023", "lib"); // unpacked only where the system lacks them
  if (existsSync(libraries)) env.LD_LIBRARY_PATH = libraries;
  return env;
}

/**
 * The user's own Chromium, which comes before ours.
 * @returns {string | undefined}
 */
export function ownChromium(env = process.env) {
  if (!env.QUIPU_CHROMIUM) return onPath(["chromium", "chromium-browser", "google-chrome"], env);
  if (executable(env.QUIPU_CHROMIUM)) return env.QUIPU_CHROMIUM;
  throw new Error(`QUIPU_CHROMIUM is "${env.QUIPU_CHROMIUM}", which is not an executable file`);
}

/**
 * @param {string[]} names in order of preference
 * @param {NodeJS.ProcessEnv} env
 * @returns {string | undefined}
 */
export function onPath(names, env = process.env) {
  const folders = (env.PATH ?? "").split(delimiter).filter(Boolean);
  for (const name of names)
    for (const folder of folders) {
      const found = executable(join(folder, name));
      if (found) return found;
    }
  return undefined;
}

/**
 * @param {string} path
 * @returns {string | undefined} the path, if it is a file that may be run
 */
export function executable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile() ? path : undefined;
  } catch {
    return undefined;
  }
}
