/** Where cases are: the mesh's golden cases, and what rendering makes of its own. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../setup/paths.mjs";
import { readDiffCase, type DiffCase } from "./case.ts";
import { renderedCase } from "./rendered-case.ts";

export const renderGolden = join(root, "src/render/golden");
const meshGolden = join(root, "src/mesh/compile/golden");

/** The folders of all golden cases. */
export function goldenFolders(): { mesh: string[]; rendered: string[] } {
  const within = (folder: string) =>
    readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => join(folder, name));
  return { mesh: within(meshGolden), rendered: within(renderGolden) };
}

/** A folder's `in.yaml`, or, of a golden case of rendering, what its `out.yaml` comes to. Undefined: it is no case. */
export function readCaseFolder(folder: string): DiffCase | undefined {
  if (folder.startsWith(renderGolden)) return readDiffCase(renderedCase(folder));
  const file = join(folder, "in.yaml");
  return existsSync(file) ? readDiffCase(readFileSync(file, "utf8")) : undefined;
}
