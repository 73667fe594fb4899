import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { envoyPath } from "../../setup/paths.mjs";

/**
 * Processes that, once armed, kill whoever started them by their first instruction: the spawn is done then, and nothing
 * that follows it in the spawner.
 */
export class Armed {
  readonly folder = mkdtempSync(join(tmpdir(), "quipu-armed-"));
  /** For the environment of `quipu up`: the supervisor's children, and the clusters' sidecars, can be armed. */
  readonly env: Record<string, string>;
  /** The command of an app that can be armed. */
  readonly appCommand: string[];

  constructor() {
    const preload = join(this.folder, "preload.mjs");
    writeFileSync(
      preload,
      `import { renameSync } from "node:fs";
const armed = ${JSON.stringify(`${this.folder}/`)} + (process.env.QUIPU_ROLE ?? "none").split("/")[0];
let fired = true;
try { renameSync(armed, armed + ".fired"); } catch { fired = false; }
if (fired) process.kill(process.ppid, "SIGKILL");
`,
    );
    this.env = {
      NODE_OPTIONS: `${process.env["NODE_OPTIONS"] ?? ""} --import=${preload}`.trim(),
      QUIPU_ENVOY: this.#script("sidecar", `exec ${envoyPath()} "$@"`),
    };
    this.appCommand = [this.#script("app", "exec node index.mjs")];
  }

  #script(name: string, command: string): string {
    const path = join(this.folder, `${name}.sh`);
    const armed = join(this.folder, name);
    writeFileSync(path, `#!/bin/sh\nif mv ${armed} ${armed}.fired 2>/dev/null; then kill -9 $PPID; fi\n${command}\n`);
    chmodSync(path, 0o755);
    return path;
  }

  /** The next process of that kind kills its parent. */
  arm(kind: "server" | "cluster" | "mesh" | "app" | "sidecar"): void {
    rmSync(join(this.folder, `${kind}.fired`), { force: true });
    writeFileSync(join(this.folder, kind), "");
  }

  fired(kind: string): boolean {
    return existsSync(join(this.folder, `${kind}.fired`));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
