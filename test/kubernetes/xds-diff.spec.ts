import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { root } from "../../setup/paths.mjs";
import { envoyRegistry } from "../../src/mesh/control/envoy-registry.ts";
import { goldenFolders, readCaseFolder } from "../xds-diff/case-folder.ts";
import { startDiffBed, type DiffBed } from "../xds-diff/diff-bed.ts";
import { describeFound, diffCase } from "../xds-diff/diff-case.ts";
import { parseRules, type Rule } from "../xds-diff/rules.ts";

const rules = parseRules(readFileSync(join(root, "test/xds-diff/accepted.yaml"), "utf8"));
const registry = envoyRegistry();
const needed = new Set<Rule>();
const told: string[] = [];
let bed: DiffBed;
beforeAll(async () => {
  bed = await startDiffBed();
});
afterAll(async () => {
  console.log(told.join("\n"));
  await bed.stop();
});

describe("istiod and our mesh give a proxy the same, but for what accepted.yaml says", () => {
  const { mesh, rendered } = goldenFolders();
  const cases = [...mesh, ...rendered].map((folder) => ({ folder, name: relative(root, folder) }));
  test.each(cases)("$name", async ({ folder, name }) => {
    const { parts, equal, found, refused } = await diffCase(bed, registry, readCaseFolder(folder)!, rules);
    for (const { rule } of found) if (rule !== undefined) needed.add(rule);
    told.push(`${name}: ${parts} parts, ${equal} values equal, ${found.length} differences`);
    expect(refused).toEqual([]);
    expect(found.filter(({ rule }) => rule === undefined).map(describeFound)).toEqual([]);
    expect(equal).toBeGreaterThan(50);
  });

  test("no difference is accepted that there isn't", () => {
    expect(rules.filter((rule) => !needed.has(rule))).toEqual([]);
  });
});
