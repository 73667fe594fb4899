import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { envoyPath } from "../../../setup/paths.mjs";
import { createAuthority } from "./testing/certificates.ts";
import { readCase } from "./testing/golden-case.ts";
import { resourcesOf } from "./testing/resources.ts";
import { staticBootstrap } from "./testing/static-bootstrap.ts";

const folder = new URL("golden/", import.meta.url);
const scratch = mkdtempSync(join(tmpdir(), "quipu-golden-"));
afterAll(() => rmSync(scratch, { recursive: true }));

const authority = createAuthority(Date.now());

/** `UPDATE_GOLDEN=1` rewrites what is expected; read the difference before committing it. */
const update = process.env["UPDATE_GOLDEN"] === "1";

describe.each(readdirSync(folder))("golden case %s", (name) => {
  const here = new URL(`${name}/`, folder);
  const { compiler, proxies } = readCase(here);
  const resources = Object.fromEntries(proxies.map((proxy) => [proxy.id, resourcesOf(compiler, proxy.id)]));

  it("compiles to the expected resources", () => {
    const text = stringify(resources, { lineWidth: 0, aliasDuplicateObjects: false });
    const file = new URL("out.yaml", here);
    if (update) writeFileSync(file, text);
    expect(text).toBe(readFileSync(file, "utf8"));
  });

  it.each(proxies)(
    "is accepted by Envoy: $id",
    async ({ id, namespace, serviceAccount, name: pod }) => {
      const file = join(scratch, `${name}-${pod}.json`);
      const secrets = await (await authority)(namespace, serviceAccount);
      writeFileSync(file, JSON.stringify(staticBootstrap(resources[id]!, { secrets })));
      const { stdout, stderr } = await promisify(execFile)(envoyPath(), [
        "--mode",
        "validate",
        "-c",
        file,
        "--use-dynamic-base-id",
        "--concurrency",
        "1",
        "-l",
        "warning",
      ]).catch((error: { stdout: string; stderr: string }) => error);
      expect(stderr).not.toContain("Deprecated");
      expect(stdout + stderr).toMatch(/configuration '.*' OK/);
    },
    30_000,
  );
});
