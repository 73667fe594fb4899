// npm run xds-diff: istiod's configuration and ours for the same objects, field by field.
import { readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { SetupError } from "../../setup/run.mjs";
import { envoyRegistry } from "../../src/mesh/control/envoy-registry.ts";
import { goldenFolders, readCaseFolder } from "./case-folder.ts";
import { startDiffBed } from "./diff-bed.ts";
import { describeFound, diffCase } from "./diff-case.ts";
import { parseRules } from "./rules.ts";

const help = `npm run xds-diff -- [FOLDER…]

Applies the objects of each FOLDER's in.yaml to a real cluster, asks istiod and our mesh for the configuration of the
proxies in it (documents "kind: Proxy", as in src/mesh/compile/golden), and compares the two field by field. Without a
FOLDER: all golden cases of the mesh, and what rendering makes of its own (src/render/golden). Exit code 1 when
something differs that test/xds-diff/accepted.yaml doesn't have.

  --all    tell the differences that are accepted, too
  --help   this text`;

try {
  const { values, positionals } = parseArgs({
    options: { all: { type: "boolean", default: false }, help: { type: "boolean", default: false } },
    allowPositionals: true,
  });
  if (values.help) console.log(help);
  else {
    const { mesh, rendered } = goldenFolders();
    await run(
      positionals.length > 0 ? positionals.map((folder) => resolve(folder)) : [...mesh, ...rendered],
      values.all,
    );
  }
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException;
  if (error instanceof SetupError) console.error([message, error.advice, error.output].filter(Boolean).join("\n"));
  else if (code?.startsWith("ERR_PARSE_ARGS")) console.error(`${message}\n\n${help}`);
  else throw error;
  process.exitCode = 2;
}

async function run(folders: readonly string[], all: boolean): Promise<void> {
  const cases = folders.map((folder) => ({ folder, diffCase: readCaseFolder(folder) }));
  const missing = cases.find((one) => one.diffCase === undefined);
  if (missing !== undefined) {
    console.error(`${missing.folder} has no in.yaml\n\n${help}`);
    process.exitCode = 2;
    return;
  }
  const rules = parseRules(readFileSync(join(import.meta.dirname, "accepted.yaml"), "utf8"));
  const registry = envoyRegistry();
  const bed = await startDiffBed();
  try {
    for (const { folder, diffCase: wanted } of cases) {
      const { parts, equal, found, refused } = await diffCase(bed, registry, wanted!, rules);
      const open = found.filter(({ rule }) => rule === undefined);
      const accepted = found.length - open.length;
      console.log(
        `${basename(folder)}: ${parts} parts, ${equal} values equal, ${accepted} differences accepted, ${open.length} not`,
      );
      for (const reason of refused) console.log(`  refused: ${reason}`);
      for (const difference of all ? found : open)
        console.log(`  ${difference.rule === undefined ? "✖" : "·"} ${describeFound(difference)}`);
      if (open.length + refused.length > 0) process.exitCode = 1;
    }
  } finally {
    await bed.stop();
  }
}
